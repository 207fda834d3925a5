"""`/desk`: where moderators work. Pages of plain forms; the modules in `static/` only make them faster."""
