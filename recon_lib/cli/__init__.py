"""The command line: ``recon``."""
