"""Files of tables as platforms and spreadsheets write them: read without loss, changed cell by cell."""
