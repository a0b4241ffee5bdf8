"""The workers: Celery tasks, the dispatcher and the projection from ledger to graph."""
