"""OData protocol library: one model, any backend, embedded in any server."""
