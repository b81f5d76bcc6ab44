// data.js 1.1 against the VMM service: the documented POST of a checkpoint in JSON light, with the documented headers.
// node datajs_machines.js ROOT
'use strict';

const assert = require('node:assert/strict');
const { dataJs, FORMATS, header } = require('./datajs_page');
const { check, run } = require('./report');

const [root] = process.argv.slice(2);
const client = dataJs(root);
const HEADERS = {
  'x-ms-principal-id': 'user@contoso.com', DataServiceUrlConventions: 'KeyAsSegment', 'Accept-Charset': 'UTF-8',
  DataServiceVersion: '3.0', MaxDataServiceVersion: '3.0',
};
const MACHINE = '3499b02c-8dc9-4c0d-aa83-097a1340cbda';
const NOTHING = Object.fromEntries(
  ['Accessibility', 'AddedTime', 'CheckpointID', 'Confirm', 'Enabled', 'ModifiedTime', 'ParentCheckpointID', 'RunAsynchronously',
    'VMCheckPointAction'].map((name) => [name, null]));
const get = async (path) => (await client.get(path, FORMATS.minimal, HEADERS)).data;
let made;

check('the machine is found by its guid', async () => {
  const page = await get(`VirtualMachines?$filter=ID eq guid'${MACHINE}'`);
  assert.deepEqual(page.results.map((machine) => machine.ID), [MACHINE]);
});
check('a checkpoint is created as documented', async () => {
  const [{ StampId }] = (await get(`VirtualMachines?$filter=ID eq guid'${MACHINE}'`)).results;
  const data = { 'odata.type': 'VMM.VMCheckPoint', ...NOTHING, ID: '00000000-0000-0000-0000-000000000000',
    Description: 'This is a snapshot', Name: 'Testing Checkpoint #1', StampId, VMId: MACHINE };
  const { response } = await client.request({ method: 'POST', requestUri: `${root}VMCheckPoints`, data,
    headers: { ...HEADERS, Accept: FORMATS.minimal, 'Content-Type': FORMATS.minimal } });
  assert.equal(response.statusCode, 201);
  made = JSON.parse(response.body);
  made.Location = header(response, 'Location');
  assert.equal(made.Location, `${root}VMCheckPoints(ID=guid'${made.ID}',StampId=guid'${StampId}')`);
  assert.equal(made['odata.metadata'], `${root}$metadata#VMCheckPoints/@Element`);
  assert.deepEqual([made.Accessibility, made.Enabled, made.CheckpointID, made.VMId], ['Public', true, null, MACHINE]);
});
check('it is read by its Location', async () => assert.equal((await get(made.Location)).ID, made.ID));
check('it is read by keys that are segments', async () =>
  assert.equal((await get(`VMCheckPoints/${made.ID}/${made.StampId}`)).Name, 'Testing Checkpoint #1'));

run(async () => {});
