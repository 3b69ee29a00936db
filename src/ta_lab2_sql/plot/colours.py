"""The colours of charts."""

RISES, FALLS = "#1a9988", "#d1495b"
INK, FAINT, GRID, MISSING, EXTRA = "#26303a", "#6b7680", "#e8ecef", "#f2b134", "#4c8bf5"
EMAS = ("#3d5a98", "#e07a1f", "#7d4fa8", "#2b8a3e", "#b5446e", "#5b6c7a")
