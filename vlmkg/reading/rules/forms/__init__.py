"""Forms, tables, codes and spoken marks, put into plain words before a report is read."""
