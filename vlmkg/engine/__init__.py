"""The engine that reads reports and films with a checkpoint. Imports torch when it is made, not before."""
