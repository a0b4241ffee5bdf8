"""The database: its tables, migrations, bulk statements, copies."""
