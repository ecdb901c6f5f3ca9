"""The cascade: its layers, training, inference, files, and the device it runs on."""
