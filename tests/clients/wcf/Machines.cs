// The C# sample of Service Provider Foundation's documentation against the VMM service: find a machine, make a
// checkpoint. What the documentation goes on to describe follows: the machine goes back to it, and it is deleted.
// The namespace SpfVMM stands for what Visual Studio generates when a service reference is added.

using System;
using System.Data.Services.Client;
using System.Data.Services.Common;
using System.Linq;
using static Report;

namespace SpfVMM
{
    [DataServiceKey("ID", "StampId")]
    public class VirtualMachine
    {
        public Guid ID { get; set; }
        public Guid StampId { get; set; }
        public string Name { get; set; }
        public Guid? LastRestoredCheckpointId { get; set; }
    }

    [DataServiceKey("ID", "StampId")]
    public class VMCheckPoint
    {
        public string Accessibility { get; set; }
        public DateTime? AddedTime { get; set; }
        public Guid? CheckpointID { get; set; }
        public bool? Confirm { get; set; }
        public string Description { get; set; }
        public bool? Enabled { get; set; }
        public Guid ID { get; set; }
        public DateTime? ModifiedTime { get; set; }
        public string Name { get; set; }
        public Guid? ParentCheckpointID { get; set; }
        public bool? RunAsynchronously { get; set; }
        public Guid StampId { get; set; }
        public string VMCheckPointAction { get; set; }
        public Guid? VMId { get; set; }
    }

    public class VMM : DataServiceContext
    {
        public VMM(Uri root) : base(root)
        {
            IgnoreMissingProperties = true;
            ResolveName = type => "VMM." + type.Name;
            ResolveType = name => typeof(VMM).Assembly.GetType("SpfVMM." + name.Split('.').Last());
            SendingRequest += (sender, sent) => sent.RequestHeaders["x-ms-principal-id"] = "user@contoso.com";
        }

        public DataServiceQuery<VirtualMachine> VirtualMachines => CreateQuery<VirtualMachine>("VirtualMachines");
        public DataServiceQuery<VMCheckPoint> VMCheckPoints => CreateQuery<VMCheckPoint>("VMCheckPoints");

        public void AddToVMCheckPoints(VMCheckPoint checkpoint) => AddObject("VMCheckPoints", checkpoint);
    }
}

static class Machines
{
    public static void Cases(string root)
    {
        SpfVMM.VMM vmmService = null;
        SpfVMM.VMCheckPoint created = null;

        Case("the documented sample creates a checkpoint", () =>
        {
            vmmService = new SpfVMM.VMM(new Uri(root));
            vmmService.Credentials = System.Net.CredentialCache.DefaultNetworkCredentials;

            var virtualMachine = vmmService.VirtualMachines.Where(vm => vm.ID == new Guid("3499b02c-8dc9-4c0d-aa83-097a1340cbda")).FirstOrDefault();

            if (virtualMachine != null)
            {
                var checkpoint = new SpfVMM.VMCheckPoint();
                checkpoint.VMId = virtualMachine.ID;
                checkpoint.Name = "Testing Checkpoint #1";
                checkpoint.StampId = virtualMachine.StampId;
                checkpoint.Description = String.Format("This is a snapshot of the VM taken at {0}", DateTime.Now);

                vmmService.AddToVMCheckPoints(checkpoint);
                vmmService.SaveChanges();
                created = checkpoint;
            }

            True(created != null, "the machine was found");
            True(created.ID != Guid.Empty, "the service made a key");
            Equal("Public", created.Accessibility, "Accessibility");
            Equal(true, created.Enabled, "Enabled");
            Equal(null, created.CheckpointID, "CheckpointID of the answer to POST");
        });
        Case("the checkpoint is read back by its two keys", () =>
        {
            var other = new SpfVMM.VMM(new Uri(root));
            var found = other.VMCheckPoints.Where(c => c.ID == created.ID && c.StampId == created.StampId).Single();
            Equal(created.Name, found.Name, "Name");
            Equal(created.Description, found.Description, "Description");
            Equal(created.VMId, found.VMId, "VMId");
            True(found.CheckpointID != null, "the hypervisor's id is known by now");
        });
        Case("the machine is restored to the checkpoint", () =>
        {
            created.VMCheckPointAction = "Restore";
            vmmService.UpdateObject(created);
            Equal(204, vmmService.SaveChanges().Single().StatusCode, "status");
            var machine = new SpfVMM.VMM(new Uri(root)).VirtualMachines.Where(vm => vm.ID == created.VMId.Value && vm.StampId == created.StampId).Single();
            Equal(created.ID, machine.LastRestoredCheckpointId, "LastRestoredCheckpointId");
        });
        Case("the checkpoint is deleted", () =>
        {
            vmmService.DeleteObject(created);
            Equal(204, vmmService.SaveChanges().Single().StatusCode, "status");
            var left = new SpfVMM.VMM(new Uri(root)).VMCheckPoints.Where(c => c.VMId == created.VMId).ToList();
            Same(new Guid[0], left.Select(c => c.ID), "checkpoints of the machine");
        });
    }
}
