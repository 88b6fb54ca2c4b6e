"""One module per revision of the schema. A released revision is never edited; a change is a new one."""
