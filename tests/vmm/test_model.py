# The VMM model against the published tables, written out a second time in another form.

from __future__ import annotations

from uuid import uuid4

import pytest

from odata_core.edm import EntityType, Property, StructuredType
from odata_vmm.model import COMPLEX_TYPES, ENTITIES, vmm_model

# The proxy's order; types and nullability agree with the SDK page of VMCheckPoint.
VM_CHECK_POINT = """
    Accessibility        Edm.String    yes
    CheckpointID         Edm.Guid      yes
    Description          Edm.String    yes
    Enabled              Edm.Boolean   yes
    ID                   Edm.Guid      no
    Name                 Edm.String    yes
    ParentCheckpointID   Edm.Guid      yes
    VMId                 Edm.Guid      yes
    AddedTime            Edm.DateTime  yes
    ModifiedTime         Edm.DateTime  yes
    StampId              Edm.Guid      no
    VMCheckPointAction   Edm.String    yes
    Confirm              Edm.Boolean   yes
    RunAsynchronously    Edm.Boolean   yes
"""

USER_ROLE = """
    AddMember                     Collection(Edm.String)                              no
    AddResource                   Collection(VMM.UserRoleResource)                    no
    AddScope                      Collection(VMM.UserRoleScope)                       no
    AddCloudResourceExtension     Collection(VMM.UserRoleCloudResourceExtension)      no
    Description                   Edm.String                                          yes
    ID                            Edm.Guid                                            no
    Members                       Collection(Edm.String)                              no
    Name                          Edm.String                                          yes
    ParentUserRoleId              Edm.Guid                                            yes
    Permission                    Collection(Edm.String)                              no
    CloudPermission               Collection(VMM.UserRoleCloudPermission)             no
    Profile                       Edm.String                                          yes
    Quotas                        Collection(VMM.UserRoleScope)                       no
    RemoveMember                  Collection(Edm.String)                              no
    UserRoleProfile               Edm.String                                          yes
    PermissionInput               Collection(VMM.UserRolePermission)                  no
    CloudPermissionInput          Collection(VMM.UserRoleCloudPermissionInput)        no
    RemoveResource                Collection(VMM.UserRoleResource)                    no
    RemoveScope                   Collection(VMM.UserRoleScope)                       no
    RemoveCloudResourceExtension  Collection(VMM.UserRoleCloudResourceExtension)      no
    VMId                          Edm.Guid                                            yes
    VMTemplateId                  Edm.Guid                                            yes
    UserRoleDataPath              Collection(VMM.UserRoleDataPath)                    no
    VMNetworkQuota                Collection(VMM.VMNetworkQuota)                      no
"""

CLOUD = """
    ID                   Edm.Guid      no
    Name                 Edm.String    yes
    Description          Edm.String    yes
    LastModifiedDate     Edm.DateTime  yes
    WritableLibraryPath  Edm.String    yes
    UserRoleID           Edm.Guid      yes
    StampId              Edm.Guid      no
"""

KEYS = {
    "VMCheckPoints": "ID StampId",
    "VirtualMachines": "ID StampId",
    "Jobs": "ID StampId",
    "UserRoles": "ID",
    "Clouds": "ID StampId",
    "CloudCapacities": "CloudId StampId",
    "LogicalNetworks": "ID StampId",
    "CapabilityProfiles": "ID StampId",
    "LibraryShares": "ID StampId",
    "QuotaAndUsageComponents": "ID QuotaDimension StampId",
    "VirtualNetworkAdapters": "ID StampId",
    "VirtualSCSIAdapters": "ID StampId",
    "VirtualHardDisks": "ID StampId",
    "VirtualDVDDrives": "ID StampId",
    "VirtualDiskDrives": "ID StampId",
}

# Type, name, multiplicity, target, set; then what must be equal.
NAVIGATION = """
    VMCheckPoint    ParentCheckPoint         one   VMCheckPoints           ParentCheckpointID=ID StampId=StampId
    VirtualMachine  Cloud                    one   Clouds                  CloudId=ID StampId=StampId
    VirtualMachine  MostRecentTask           one   Jobs                    MostRecentTaskId=ID StampId=StampId
    VirtualMachine  FailedJob                one   Jobs                    FailedJobID=ID StampId=StampId
    VirtualMachine  VirtualNetworkAdapters   many  VirtualNetworkAdapters  ID=VMId StampId=StampId
    VirtualMachine  VMCheckpoints            many  VMCheckPoints           ID=VMId StampId=StampId
    VirtualMachine  VirtualSCSIAdapters      many  VirtualSCSIAdapters     ID=VMId StampId=StampId
    VirtualMachine  VirtualHardDisks         many  VirtualHardDisks        ID=VMId StampId=StampId
    VirtualMachine  VirtualDVDDrives         many  VirtualDVDDrives        ID=VMId StampId=StampId
    VirtualMachine  VirtualDiskDrives        many  VirtualDiskDrives       ID=VMId StampId=StampId
    UserRole        Clouds                   many  Clouds                  ID=UserRoleID
    Cloud           Capacity                 many  CloudCapacities         ID=CloudId StampId=StampId
    Cloud           LogicalNetworks          many  LogicalNetworks
    Cloud           CapabilityProfiles       many  CapabilityProfiles
    Cloud           LibraryShares            many  LibraryShares
    Cloud           QuotaAndUsageComponents  many  QuotaAndUsageComponents
"""


def entity(name: str) -> EntityType:
    kind = vmm_model().types[f"VMM.{name}"]
    assert isinstance(kind, EntityType)
    return kind


def row(prop: Property) -> list[str]:
    return [prop.name, prop.type_name, "yes" if prop.nullable else "no"]


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("name", "text"), [("VMCheckPoint", VM_CHECK_POINT), ("UserRole", USER_ROLE), ("Cloud", CLOUD)]
)
def test_properties_in_wire_order(name: str, text: str) -> None:
    assert [row(prop) for prop in entity(name).properties.values()] == table(text)


def test_only_the_id_of_a_checkpoint_is_made_by_the_server() -> None:
    generated = [
        f"{kind.name}.{prop.name}"
        for kind in vmm_model().types.values()
        if isinstance(kind, EntityType)
        for prop in kind.properties.values()
        if prop.is_generated
    ]
    assert generated == ["VMCheckPoint.ID"]


def test_machine_properties() -> None:
    machine = entity("VirtualMachine")
    required = [prop.name for prop in machine.properties.values() if not prop.nullable]
    assert required == ["ID", "VMNetworkAssignments", "GrantedToList", "StampId", "NewVirtualNetworkAdapterInput"]
    assert len(machine.properties) == 128
    # One of each type, by the published list.
    names = (
        "AddedTime Agent CPUCount MemoryAvailablePercentage Memory TotalSize Operation Owner GrantedToList VMConnection"
    )
    assert [row(machine.properties[name])[1] for name in names.split()] == [
        "Edm.DateTime",
        "Edm.Boolean",
        "Edm.Byte",
        "Edm.Int16",
        "Edm.Int32",
        "Edm.Int64",
        "Edm.String",
        "VMM.UserAndRole",
        "Collection(VMM.UserAndRole)",
        "Edm.Stream",
    ]
    assert list(machine.properties)[-1] == "VMConnection"


def test_job_properties() -> None:
    job = entity("Job")
    assert [prop.name for prop in job.properties.values() if not prop.nullable] == [
        "ID",
        "StampId",
        "AdditionalMessages",
    ]
    assert list(job.properties)[:3] == ["ID", "Name", "CurrentStepId"]
    assert list(job.properties)[-3:] == ["SkipLastFailedStep", "ErrorInfo", "AdditionalMessages"]
    assert (len(job.properties), job.properties["Description"].type_name) == (36, "VMM.JobDescription")


def test_lists_lose_nothing() -> None:
    """A name that stands twice in a list would silently be one property."""
    lists = {**COMPLEX_TYPES, **{item.type: item.properties for item in ENTITIES}}
    for name, text in lists.items():
        kind = vmm_model().types[f"VMM.{name}"]
        assert isinstance(kind, StructuredType)
        assert [item.split()[0] for item in text.split(",")] == list(kind.properties)


def test_sets_and_keys() -> None:
    sets = vmm_model().entity_sets
    assert {name: " ".join(entity_set.type.key) for name, entity_set in sets.items()} == KEYS


def test_navigation() -> None:
    found = []
    for entity_set in vmm_model().entity_sets.values():
        for way in entity_set.type.navigation.values():
            many = "many" if way.is_collection else "one"
            pairs = [f"{here}={there}" for here, there in way.on]
            found.append([entity_set.type.name, way.name, many, entity_set.bindings[way.name].name, *pairs])
    assert found == table(NAVIGATION)


def test_a_checkpoint_is_accepted_with_all_its_properties() -> None:
    checkpoint_id, stamp = uuid4(), uuid4()
    accepted = entity("VMCheckPoint").accept({"ID": str(checkpoint_id), "StampId": stamp, "Name": "first"})
    assert list(accepted) == [line[0] for line in table(VM_CHECK_POINT)]
    given = {name: value for name, value in accepted.items() if value is not None}
    assert given == {"ID": checkpoint_id, "StampId": stamp, "Name": "first"}


def test_the_model_is_built_once() -> None:
    assert vmm_model() is vmm_model()
