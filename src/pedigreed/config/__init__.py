"""YAML text -> `Config`. Every problem at once, as file:line:column, and secrets by reference."""
