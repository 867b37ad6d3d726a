"""What a release must look like: descriptions by version, and finding the right one."""
