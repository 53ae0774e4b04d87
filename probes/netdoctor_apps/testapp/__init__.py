"""The test application: a small server that listens exactly where its arguments say."""
