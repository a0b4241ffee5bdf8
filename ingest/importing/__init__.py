"""`vlmkg import`: files, folders and archives become messages, are received in groups, and are waited for."""
