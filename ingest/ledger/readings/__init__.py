"""Extractions and the engines that made them."""
