"""Published data sets and our own as rows: readers, silver labels, splits by patient."""
