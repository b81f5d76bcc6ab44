# The entity model of the VMM service of System Center SPF: types, keys and properties in the order of the wire.
# Every type is one line of text a property list, so that it can be laid beside the published tables and compared.
# This module knows nothing of hypervisors or of what a value means; that is the service's business.
#
# Sources: the generated proxy of Microsoft's own client (R2, August 2013) for names, order and types; the SPF
# reference for keys and the meaning of properties. What neither states is marked INFERRED.

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from odata_core.edm import Model, ModelBuilder, PropertySpec, prop

# One letter a primitive type, as in the lists below; any other word names a type of this model.
CODES: Final = {
    "S": "String",
    "G": "Guid",
    "B": "Boolean",
    "Y": "Byte",
    "H": "Int16",
    "I": "Int32",
    "L": "Int64",
    "D": "DateTime",
    "Stream": "Stream",
}

_COLLECTION = re.compile(r"Collection\((\w+)\)")

COMPLEX_TYPES: Final = {
    "UserRolePermission": "StampId G, Permission Collection(S)",
    "UserRoleCloudPermission": """StampId G, CloudId G, ExplicitPermission Collection(S),
        EffectivePermission Collection(S)""",
    "UserRoleCloudPermissionInput": "StampId G, CloudId G, ExplicitPermission Collection(S)",
    "UserRoleScope": """Scope G, StampId G, ScopeType S, RoleCPUCount I, RoleMemoryMB I, RoleStorageGB I,
        RoleCustomQuotaCount I, RoleVMCount I, MemberCPUCount I, MemberMemoryMB I, MemberStorageGB I,
        MemberCustomQuotaCount I, MemberVMCount I""",
    "UserRoleResource": "Resource G, StampId G, ResourceType S",
    "UserRoleDataPath": "StampId G, DataPath S",
    "UserRoleCloudResourceExtension": "Name S, Version S, Publisher S, StampId G, ResourceType S",
    "UserAndRole": "UserName S, RoleName S, RoleID G",
    "ErrorInfo": """CloudProblem S, Code S, DetailedCode I, DetailedErrorCode S, DetailedSource S,
        DisplayableErrorCode L, ErrorCodeString S, ErrorType S, ExceptionDetails S, IsConditionallyTerminating B,
        IsDeploymentBlocker B, IsMomAlert B, IsSuccess B, IsTerminating B, MessageParameters S, MomAlertSeverity S,
        Problem S, RecommendedAction S, RecommendedActionCLI S, ShowDetailedError B""",
    "JobDescription": """CanSkipLastFailedStep B, Code S, DescriptionCodeString S, IsRestartable B, IsStoppable B,
        Name S, RequiresCredentialsForRestart B""",
    "OperatingSystem": "Name S, Description S, Version S, Architecture S, Edition S, OSType S, ProductType S",
    "VMNetworkAssignment": "VirtualNetworkAdapterID G, VMNetworkName S",
    "NewVMVirtualNetworkAdapterInput": """VMNetworkName S, MACAddressType S, MACAddress S, IPv4AddressType S,
        IPv6AddressType S, VLanEnabled B, VLanId H""",
    # INFERRED: the type is documented by name only; these are the members that public clients read, types guessed.
    "VMNetworkQuota": """StampId G, VMNetworkMaximum I, VMNetworkMaximumPerUser I, VPNConnectionMaximum I,
        VPNConnectionMaximumPerUser I, VMNetworkVPNMaximumBandwidthInKbps L, VMNetworkVPNMaximumBandwidthOutKbps L,
        RemoveVMNetworkMaximum B, RemoveVMNetworkMaximumPerUser B, RemoveVPNConnectionMaximum B,
        RemoveVPNConnectionMaximumPerUser B, RemoveVMNetworkVPNMaximumBandwidthIn B,
        RemoveVMNetworkVPNMaximumBandwidthOut B""",
}


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity type, its entity set and its property list; the key parts are separated by blanks."""

    type: str
    set: str
    properties: str
    key: str = "ID StampId"
    generated: tuple[str, ...] = ()


VM_CHECK_POINT: Final = """
    Accessibility S, CheckpointID G, Description S, Enabled B, ID G, Name S, ParentCheckpointID G, VMId G, AddedTime D,
    ModifiedTime D, StampId G, VMCheckPointAction S, Confirm B, RunAsynchronously B
"""

# VMConnection is a named stream, which has no place in the proxy's order: it comes last.
VIRTUAL_MACHINE: Final = """
    AddedTime D, Agent B, AllocatedGPU S, BackupEnabled B, BlockLiveMigrationIfHostBusy B, CanVMConnect B,
    CheckpointLocation S, CloudId G, ComputerName S, ComputerTierId G, CostCenter S, CPUCount Y, CPUMax I,
    CPUReserve I, CPUType S, CPUUtilization I, CreationSource S, CreationTime D, DataExchangeEnabled B, DelayStart I,
    DeployPath S, Description S, DiskIO I, Dismiss B, DynamicMemoryDemandMB I, Enabled B, ExcludeFromPRO B,
    ExpectedCPUUtilization I, FailedJobID G, HasPassthroughDisk B, HasSavedState B, HasVMAdditions B,
    HeartbeatEnabled B, HighlyAvailable B, ID G, IsFaultTolerant B, IsHighlyAvailable B, IsUndergoingLiveMigration B,
    LastRestoredCheckpointId G, LibraryGroup S, LimitCPUForMigration B, LimitCPUFunctionality B,
    VMNetworkAssignments Collection(VMNetworkAssignment), Location S, MarkedAsTemplate B, Memory I,
    MemoryAssignedMB I, MemoryAvailablePercentage H, ModifiedTime D, MostRecentTaskId G, Name S,
    NetworkUtilization I, NumLock B, OperatingSystem S, OperatingSystemInstance OperatingSystem,
    OperatingSystemShutdownEnabled B, Operation S, Owner UserAndRole, GrantedToList Collection(UserAndRole), Path S,
    PerfCPUUtilization I, PerfDiskBytesRead L, PerfDiskBytesWrite L, PerfNetworkBytesRead L, PerfNetworkBytesWrite L,
    CPURelativeWeight I, Retry B, RunGuestAccount S, ServiceDeploymentErrorMessage S, ServiceId G, SharePath S,
    SourceObjectType S, StartAction S, StartVM B, Status S, StatusString S, StopAction S, Tag S,
    TimeSynchronizationEnabled B, TotalSize L, Undo B, UndoDisksEnabled B, UpgradeDomain I, UseCluster B, UseLAN B,
    VirtualHardDiskId G, VirtualizationPlatform S, CapabilityProfile S, VMBaseConfigurationId G, VMConfigResource S,
    VMCPath S, VMHostName S, VMId G, StampId G, VMResource S, VMResourceGroup S, VirtualMachineState S,
    VMTemplateId G, HardwareProfileId G, BlockDynamicOptimization B, CPULimitForMigration B,
    CPULimitFunctionality B, Domain S, DynamicMemoryBufferPercentage I, DynamicMemoryEnabled B,
    DynamicMemoryMaximumMB I, FullName S, MemoryWeight I, OrganizationName S, DelayStartSeconds I, ProductKey S,
    WorkGroup S, TimeZone I, RunAsAccountUserName S, UserName S, Password S, LocalAdminRunAsAccountName S,
    LocalAdminUserName S, LocalAdminPassword S, LinuxDomainName S, LinuxAdministratorSSHKey S,
    LinuxAdministratorSSHKeyString S, CloudVMRoleName S, Generation I, DeploymentErrorInfo ErrorInfo,
    NewVirtualNetworkAdapterInput Collection(NewVMVirtualNetworkAdapterInput), IsRecoveryVM B, VMConnection Stream
"""

# Description is Edm.String on the SDK page; the proxy, which talked to real servers, is believed.
JOB: Final = """
    ID G, Name S, CurrentStepId G, RootStepId G, CmdletName S, EndTime D, IsCompleted B, IsRestartable B,
    IsStoppable B, IsVisible B, Owner S, OwnerSID S, ProgressValue I, Progress S, ResultObjectTypeName S,
    ResultName S, Source S, StartTime D, Status S, StatusString S, Target S, TargetObjectID G,
    Description JobDescription, WasNotifiedOfCancel B, PROTipID G, ResultObjectID G, TargetObjectType S,
    AreAuditRecordsAvailable B, ResultObjectType S, StampId G, StepsLoaded B, UserName S, Password S,
    SkipLastFailedStep B, ErrorInfo ErrorInfo, AdditionalMessages Collection(ErrorInfo)
"""

USER_ROLE: Final = """
    AddMember Collection(S), AddResource Collection(UserRoleResource), AddScope Collection(UserRoleScope),
    AddCloudResourceExtension Collection(UserRoleCloudResourceExtension), Description S, ID G,
    Members Collection(S), Name S, ParentUserRoleId G, Permission Collection(S),
    CloudPermission Collection(UserRoleCloudPermission), Profile S, Quotas Collection(UserRoleScope),
    RemoveMember Collection(S), UserRoleProfile S, PermissionInput Collection(UserRolePermission),
    CloudPermissionInput Collection(UserRoleCloudPermissionInput), RemoveResource Collection(UserRoleResource),
    RemoveScope Collection(UserRoleScope), RemoveCloudResourceExtension Collection(UserRoleCloudResourceExtension),
    VMId G, VMTemplateId G, UserRoleDataPath Collection(UserRoleDataPath), VMNetworkQuota Collection(VMNetworkQuota)
"""

CLOUD: Final = "ID G, Name S, Description S, LastModifiedDate D, WritableLibraryPath S, UserRoleID G, StampId G"

# Of the types below only the set's name and the key are documented. INFERRED: the names of the types (the set's in the
# singular), QuotaDimension's type, and the VMId of a machine's devices, without which their place could not be said.
DEVICE: Final = "ID G, StampId G, VMId G"
KEY_ONLY: Final = "ID G, StampId G"

ENTITIES: Final = (
    Entity("VMCheckPoint", "VMCheckPoints", VM_CHECK_POINT, generated=("ID",)),
    Entity("VirtualMachine", "VirtualMachines", VIRTUAL_MACHINE),
    Entity("Job", "Jobs", JOB),
    Entity("UserRole", "UserRoles", USER_ROLE, key="ID"),
    Entity("Cloud", "Clouds", CLOUD),
    Entity("CloudCapacity", "CloudCapacities", "CloudId G, StampId G", key="CloudId StampId"),
    Entity("LogicalNetwork", "LogicalNetworks", KEY_ONLY),
    Entity("CapabilityProfile", "CapabilityProfiles", KEY_ONLY),
    Entity("LibraryShare", "LibraryShares", KEY_ONLY),
    Entity(
        "QuotaAndUsageComponent",
        "QuotaAndUsageComponents",
        "ID G, QuotaDimension S, StampId G",
        key="ID QuotaDimension StampId",
    ),
    Entity("VirtualNetworkAdapter", "VirtualNetworkAdapters", DEVICE),
    Entity("VirtualSCSIAdapter", "VirtualSCSIAdapters", DEVICE),
    Entity("VirtualHardDisk", "VirtualHardDisks", DEVICE),
    Entity("VirtualDVDDrive", "VirtualDVDDrives", DEVICE),
    Entity("VirtualDiskDrive", "VirtualDiskDrives", DEVICE),
)


@dataclass(frozen=True, slots=True)
class Way:
    """A navigation property to `one` or `many` of a type; `on` reads `Here=There Here=There`."""

    source: str
    name: str
    many: bool
    target: str
    on: str = ""


ONE: Final = False
MANY: Final = True

# Names, targets and multiplicities are the proxy's; the constraints are INFERRED from the names of the properties.
# A way without a constraint leads to types of which too little is known to say which entities belong to a cloud.
NAVIGATION: Final = (
    Way("VMCheckPoint", "ParentCheckPoint", ONE, "VMCheckPoint", "ParentCheckpointID=ID StampId=StampId"),
    Way("VirtualMachine", "Cloud", ONE, "Cloud", "CloudId=ID StampId=StampId"),
    Way("VirtualMachine", "MostRecentTask", ONE, "Job", "MostRecentTaskId=ID StampId=StampId"),
    Way("VirtualMachine", "FailedJob", ONE, "Job", "FailedJobID=ID StampId=StampId"),
    Way("VirtualMachine", "VirtualNetworkAdapters", MANY, "VirtualNetworkAdapter", "ID=VMId StampId=StampId"),
    Way("VirtualMachine", "VMCheckpoints", MANY, "VMCheckPoint", "ID=VMId StampId=StampId"),
    Way("VirtualMachine", "VirtualSCSIAdapters", MANY, "VirtualSCSIAdapter", "ID=VMId StampId=StampId"),
    Way("VirtualMachine", "VirtualHardDisks", MANY, "VirtualHardDisk", "ID=VMId StampId=StampId"),
    Way("VirtualMachine", "VirtualDVDDrives", MANY, "VirtualDVDDrive", "ID=VMId StampId=StampId"),
    Way("VirtualMachine", "VirtualDiskDrives", MANY, "VirtualDiskDrive", "ID=VMId StampId=StampId"),
    Way("UserRole", "Clouds", MANY, "Cloud", "ID=UserRoleID"),
    Way("Cloud", "Capacity", MANY, "CloudCapacity", "ID=CloudId StampId=StampId"),
    Way("Cloud", "LogicalNetworks", MANY, "LogicalNetwork"),
    Way("Cloud", "CapabilityProfiles", MANY, "CapabilityProfile"),
    Way("Cloud", "LibraryShares", MANY, "LibraryShare"),
    Way("Cloud", "QuotaAndUsageComponents", MANY, "QuotaAndUsageComponent"),
)


@cache
def vmm_model() -> Model:
    """The model of the VMM service; built once, since models are never changed."""
    builder = ModelBuilder("VMM", container="VMM")
    for name, members in COMPLEX_TYPES.items():
        builder.complex(name, properties=_properties(members))
    for entity in ENTITIES:
        properties = _properties(entity.properties, entity.generated)
        builder.entity(entity.type, key=entity.key.split(), properties=properties)
        builder.entity_set(entity.set, entity.type)
    for way in NAVIGATION:
        pairs = dict(pair.split("=") for pair in way.on.split())
        builder.navigation(way.source, way.name, to=way.target, many=way.many, on=pairs)
    return builder.build()


def _properties(text: str, generated: tuple[str, ...] = ()) -> dict[str, PropertySpec]:
    """The properties of a list such as `ID G, Members Collection(S), Owner UserAndRole`."""
    pairs = (item.split() for item in text.split(","))
    return {name: prop(_type_name(code), generated=name in generated) for name, code in pairs}


def _type_name(code: str) -> str:
    match = _COLLECTION.fullmatch(code)
    return f"Collection({_type_name(match[1])})" if match else CODES.get(code, f"VMM.{code}")
