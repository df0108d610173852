"""Everything that is kept, in PostgreSQL; one module a concern, one function a question.

Functions take a connection that is inside the caller's transaction. Rows are locked in the order
camera, event, job, image, so that no two transactions wait for each other.
"""
