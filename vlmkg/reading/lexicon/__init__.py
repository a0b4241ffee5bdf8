"""The words of chest radiology by what they do in a sentence: data files, and their loading."""
