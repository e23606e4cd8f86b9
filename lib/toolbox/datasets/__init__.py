"""Images and labels as tensors: the digits that come with the course, and larger sets that are downloaded."""
