"""The page store: rendered public pages kept as files, and dropped when something that they show changes.

``serving`` answers from it before Django is entered; ``shown`` notes what a page shows while it is rendered;
``parts`` keeps in memory what pages are made of; ``shelf`` holds the files and their index; ``keeper`` hears
of changes, drops pages and takes new ones in. See docs/page-store.md.
"""
