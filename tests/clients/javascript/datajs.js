// Microsoft's data.js 1.1 (as OpenUI5 ships it) in jsdom, against the store of fixture/ served as version 2.0 or 3.0:
// what a page asks in each of the four formats that the library speaks, and batches.
// node datajs.js ROOT
'use strict';

const assert = require('node:assert/strict');
const { dataJs, FORMATS, header } = require('./datajs_page');
const { check, reset, run } = require('./report');

const [root] = process.argv.slice(2);
const client = dataJs(root);
const sent = { DataServiceVersion: '3.0', MaxDataServiceVersion: '3.0' };
const keys = (page) => page.results.map((row) => row.ID);
const without = async (status, asked) => {
  const fault = await asked.then(() => assert.fail('There was no error'), (fault) => fault);
  assert.equal(fault.response?.statusCode, status, fault.message);
  return fault.response.body;
};
const ROW_ID = '11111111-2222-3333-4444-555555555555';

check('the metadata document is parsed', async () => {
  const { schema } = (await client.metadata()).dataServices;
  assert.deepEqual(schema[0].entityType.map((type) => type.name), ['Category', 'Product']);
});
for (const [name, accept] of [['Atom', 'application/atomsvc+xml'], ['verbose JSON', FORMATS.verbose], ['JSON light', FORMATS.minimal]]) {
  check(`service document: ${name}`, async () => {
    const { data } = await client.get('', accept);
    const titles = data.EntitySets ?? data.workspaces[0].collections.map((collection) => collection.title);
    assert.deepEqual(titles, ['Categories', 'Products']);
  });
}

/** A new entity as data.js is given it: Atom needs to be told types, as the library does not ask the model. */
function product(format, values) {
  const types = { Price: 'Decimal', CategoryID: 'Int32', ReleaseDate: 'DateTime', RowId: 'Guid', Discontinued: 'Boolean' };
  const told = Object.keys(values).filter((name) => name in types).map((name) => [name, { type: `Edm.${types[name]}` }]);
  return format === 'atom' ? { ...values, __metadata: { type: 'Demo.Product', properties: Object.fromEntries(told) } } : values;
}

for (const [format, accept] of Object.entries(FORMATS)) {
  const get = async (path) => (await client.get(path, accept)).data;
  const contentType = format === 'atom' ? 'application/atom+xml' : accept;
  const send = async (method, path, values, headers) =>
    (await client.request({ method, requestUri: root + path, data: values && product(format, values),
      headers: { ...sent, Accept: accept, ...(values && { 'Content-Type': contentType }), ...headers } })).response;

  check(`an entity by its key: ${format}`, async () => {
    const { data, response } = await client.get('Products(2)', accept);
    assert.equal(header(response, 'Content-Type').split(';')[0], accept.split(';')[0]);
    assert.equal(data.__metadata.type, 'Demo.Product');
    if (format !== 'minimal') assert.equal(data.__metadata.uri ?? data.__metadata.id, `${root}Products(2)`);
    assert.deepEqual([data.ID, data.Name, data.Discontinued, data.CategoryID], [2, "Bob's Milk", false, 1]);
    if (format !== 'minimal') assert.match(data.Category.__deferred.uri, /Products\(2\)\/Category$/);
  });
  check(`null, Int64, Decimal, Guid and DateTime: ${format}`, async () => {
    const data = await get('Products(1)');
    assert.equal(data.Description, null);
    assert.equal(String(data.Quantity), '9007199254740993');
    assert.equal(Number(data.Price), 18);
    assert.equal(data.RowId, '00000000-0000-0000-0000-000000000001');
    // Only the metadata level, or verbose JSON's own notation, tells data.js that a string is a date.
    assert.equal(new Date(data.ReleaseDate).getUTCMinutes(), 30);
  });
  check(`all pages: ${format}`, async () => {
    const pages = [];
    for (let path = 'Products?$orderby=Name desc'; path; ) {
      const page = await get(path);
      pages.push(keys(page));
      path = page.__next;
    }
    assert.deepEqual(pages, [[5, 4, 1], [3, 2]]);
  });
  check(`a filter, an order and a count: ${format}`, async () => {
    const page = await get("Products?$inlinecount=allpages&$top=1&$orderby=Name desc&$filter=substringof('e',Name)");
    assert.deepEqual([keys(page), Number(page.__count)], [[4], 2]);
  });
  check(`expanded links to one and to many: ${format}`, async () => {
    assert.equal((await get('Products(1)?$expand=Category')).Category.Name, 'Beverages');
    const { Products } = await get('Categories(1)?$expand=Products');
    assert.deepEqual((Products.results ?? Products).map((row) => row.ID), [1, 2]);
  });
  check(`an entity that does not exist: ${format}`, async () => {
    const body = await without(404, get('Products(99999)'));
    assert.match(body, format === 'atom' ? /<m:error/ : format === 'verbose' ? /^\{"error":/ : /^\{"odata\.error":/);
  });
  check(`insert, MERGE, PUT and DELETE: ${format}`, async () => {
    const values = { Name: `new ${format}`, Price: '1.5', CategoryID: 1, RowId: ROW_ID, Discontinued: false,
      ReleaseDate: new Date(Date.UTC(2020, 1, 2, 3, 4, 5)) };
    const created = await send('POST', 'Products', values);
    assert.deepEqual([created.statusCode, header(created, 'Location'), created.data.ID],
      [201, `${root}Products(6)`, 6]);
    assert.equal((await send('MERGE', 'Products(6)', { Name: 'merged' }, { 'If-Match': '*' })).statusCode, 204);
    const merged = await get('Products(6)');
    assert.deepEqual([merged.Name, Number(merged.Price), merged.RowId], ['merged', 1.5, ROW_ID]);
    assert.equal((await send('PUT', 'Products(6)', { Name: 'replaced', RowId: ROW_ID }, { 'If-Match': '*' })).statusCode, 204);
    const replaced = await get('Products(6)');
    assert.deepEqual([replaced.Name, replaced.Price, replaced.RowId], ['replaced', null, ROW_ID]);
    assert.equal((await send('DELETE', 'Products(6)', undefined, { 'If-Match': '*' })).statusCode, 204);
    await without(404, get('Products(6)'));
  });
  check(`an old ETag: ${format}`, async () => {
    const stale = header((await client.get('Products(2)', accept)).response, 'ETag');
    await send('MERGE', 'Products(2)', { Name: 'first' }, { 'If-Match': stale });
    await without(412, send('MERGE', 'Products(2)', { Name: 'second' }, { 'If-Match': stale }));
    assert.equal((await get('Products(2)')).Name, 'first');
  });
}

check('a batch: a query, a change set that refers to its first part, a query that fails', async () => {
  const headers = { Accept: FORMATS.verbose };
  const created = (number, requestUri, data) =>
    ({ method: 'POST', requestUri, data, headers: { ...headers, 'Content-Type': FORMATS.verbose, 'Content-ID': number } });
  const { data } = await client.request({ method: 'POST', requestUri: `${root}$batch`, headers: { ...sent }, data: { __batchRequests: [
    { method: 'GET', requestUri: 'Products?$top=1', headers },
    { __changeRequests: [created('1', 'Categories', { Name: 'new' }), created('2', '$1/Products', { Name: 'in it', RowId: ROW_ID })] },
    { method: 'GET', requestUri: 'Products(99999)', headers },
  ] } });
  const [query, changes, failed] = data.__batchResponses;
  assert.deepEqual(keys(query.data), [1]);
  assert.deepEqual(changes.__changeResponses.map((part) => [part.statusCode, part.data.ID]), [['201', 3], ['201', 6]]);
  assert.equal(failed.response.statusCode, '404');
  assert.equal((await client.get('Products(6)/Category', FORMATS.verbose)).data.ID, 3);
});

run(reset(root));
