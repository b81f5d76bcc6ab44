"""For tests of services, backends and of this library: strategies, and a suite that backend authors inherit."""

import pytest

# Its assertions are to explain themselves as those of a test module do.
pytest.register_assert_rewrite("odata_core.testing.suite")
