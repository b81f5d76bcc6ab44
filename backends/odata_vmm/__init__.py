"""System Center's Service Provider Foundation VMM service: virtual machines and their checkpoints over OData v3."""

from .model import vmm_model
from .sample import sample_driver, sample_service
from .service import VmmService

__all__ = ["VmmService", "sample_driver", "sample_service", "vmm_model"]
