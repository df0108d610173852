"""Everything stored in PostgreSQL; one module per concern, one function per statement or question.

Functions take a connection inside the caller's transaction. To avoid deadlock, rows are locked in
the order camera, event, job, image.
"""
