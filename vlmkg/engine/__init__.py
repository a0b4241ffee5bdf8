"""The engine that reads reports and films with a checkpoint. torch is imported when the engine is opened."""
