COPY price_assets (file, asset, id) FROM STDIN
