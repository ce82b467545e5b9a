"""The demo site: its texts (Markdown with a TOML head), its pictures and its PDF files, all made here."""
