"""What everything else stands on: errors, paths, files, strict YAML, the host, progress, the look of figures."""
