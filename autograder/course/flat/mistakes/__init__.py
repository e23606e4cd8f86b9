"""What wrong looks like in `flat`: mistakes that students make, as edits of the solution. Never released."""
