"""Charts as inline SVG text. Colours are CSS variables, positions percent, so a chart fits a phone and paper alike."""
