"""What the Worker has counted: asked of Analytics Engine, and read from a file again."""
