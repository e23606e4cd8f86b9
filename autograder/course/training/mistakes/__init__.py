"""What wrong looks like in `training`: mistakes that students make, as edits of the solution. Never released."""
