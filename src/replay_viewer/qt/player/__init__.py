"""The recorded page on the screen: scheme, walls, the line to the painter's page, and the widget."""
