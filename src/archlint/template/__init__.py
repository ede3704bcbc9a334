"""Files in, templates out: find them, read them, lower SAM and Proton to CloudFormation resources."""
