// DevExtreme's ODataStore and ODataContext in jsdom, against the store of fixture/: what a data grid asks for.
// The library is told the version, 2, 3 or 4; it asks for verbose JSON in each of them, and takes what comes.
// node devextreme.js ROOT VERSION
'use strict';

const assert = require('node:assert/strict');
const { JSDOM } = require('jsdom');
const { check, reset, run } = require('./report');

const [root, word] = process.argv.slice(2);
const version = Number.parseInt(word, 10);
const { window } = new JSDOM('<!doctype html><title>page</title>', { url: root });
for (const name of ['window', 'document', 'XMLHttpRequest', 'Node', 'HTMLElement', 'DOMParser', 'Element', 'Event', 'CustomEvent']) {
  globalThis[name] = name === 'window' ? window : window[name];
}
const { ODataContext } = require('devextreme/cjs/common/data');
const Guid = require('devextreme/cjs/common/guid').default;

const FIELDS = { ID: 'Int32', RowId: 'Guid', Price: 'Decimal', Quantity: 'Int64', Discontinued: 'Boolean' };
const asked = [];
const store = new ODataContext({
  url: root, version, errorHandler: () => {}, beforeSend: (request) => asked.push(request.method.toUpperCase()),
  entities: {
    products: { name: 'Products', key: 'ID', keyType: 'Int32', fieldTypes: FIELDS },
    categories: { name: 'Categories', key: 'ID', keyType: 'Int32' },
  },
});
const { products, categories } = store;
/** Rows and the total count that the library tells besides. */
const loaded = (options) =>
  new Promise((done, failed) => products.load(options).done((rows, extra) => done([rows, extra?.totalCount])).fail(failed));
const keys = async (options, of = products) => (await of.load(options)).map((row) => row.ID);
const missing = (promise) => assert.rejects(() => promise, (fault) => fault.httpStatus === 404);
/** A value of type Edm.Decimal or a time, as each version writes it in JSON. */
const decimal = (text) => (version === 4 ? Number(text) : text);
const time = (text) => (version === 4 ? `${text}Z` : text);

check('all rows, over all pages', async () => {
  assert.deepEqual(await keys(), [1, 2, 3, 4, 5]);
  assert.deepEqual(asked, ['GET', 'GET']);
});
check('a total count beside a page', async () => {
  const [rows, count] = await loaded({ requireTotalCount: true, take: 1 });
  assert.deepEqual([rows.map((row) => row.ID), count], [[1], 5]);
});
check('a count alone', async () => assert.equal(await products.totalCount({ filter: ['Price', '>', 2] }), 4));

// A filter and the keys that it finds. The library makes both sides of a search small letters.
const FILTERS = {
  'equal': [['Price', '=', 7], [4]],
  'not equal': [['Price', '<>', 7], [1, 2, 3, 5]],
  'less, or not less': [[['Price', '<', 2.5], 'or', ['Price', '>=', 7]], [1, 4, 5]],
  'greater, and not greater': [[['Price', '>', 1], 'and', ['Price', '<=', 4.25]], [2, 3]],
  'not': [['!', ['Discontinued', '=', false]], [3]],
  'nested groups': [[[['Price', '>=', 2], 'and', ['Price', '<', 10]], 'or', ['!', ['Discontinued', '=', false]]], [2, 3, 4]],
  'contains': [['Name', 'contains', 'T'], [3, 4]],
  'notcontains': [['Name', 'notcontains', 'T'], [1, 2, 5]],
  'startswith': [['Name', 'startswith', 'B'], [2, 3]],
  'endswith': [['Name', 'endswith', 'Ter'], [3]],
  'a quote': [['Name', '=', "Bob's Milk"], [2]],
  'an ampersand': [['Name', '=', 'Bread & Butter'], [3]],
  'a slash': [['Name', '=', 'Tea/Time'], [4]],
  'a letter that is not ASCII': [['Name', '=', 'Água'], [5]],
  'a quote, a slash and a plus of a related row': [['Category.Name', '=', "Chef's/Picks + more"], [3, 4]],
  'a guid': [['RowId', '=', new Guid('00000000-0000-0000-0000-000000000003')], [3]],
  'a date': [['ReleaseDate', '>', new Date(2020, 0, 3)], [3, 4, 5]],
  'a 64-bit integer': [['Quantity', '=', '9007199254740995'], [3]],
  'null': [['Description', '=', null], [1, 3, 5]],
};
for (const [name, [filter, found]] of Object.entries(FILTERS)) {
  check(`filter: ${name}`, async () => assert.deepEqual(await keys({ filter }), found));
}

check('sort, skip and take', async () => {
  const sort = [{ selector: 'CategoryID', desc: false }, { selector: 'Name', desc: true }];
  assert.deepEqual(await keys({ sort }), [5, 1, 2, 4, 3]);
  assert.deepEqual(await keys({ sort, skip: 1, take: 2 }), [1, 2]);
});
check('select', async () => {
  const [row] = await products.load({ select: ['ID', 'Name'], take: 1 });
  assert.deepEqual([row.ID, row.Name, 'Price' in row], [1, 'Chai', false]);
});
check('select of a related property', async () => {
  const [row] = await products.load({ select: ['ID', 'Category.Name'], filter: ['ID', '=', 3] });
  assert.deepEqual([row.ID, row.Category.Name], [3, "Chef's/Picks + more"]);
});
check('expand', async () => {
  assert.equal((await products.byKey(1, { expand: ['Category'] })).Category.Name, 'Beverages');
  const [, second] = await categories.load({ expand: ['Products'] });
  assert.deepEqual((second.Products.results ?? second.Products).map((row) => row.ID), [3, 4]);
});
check('byKey, and a key that does not exist', async () => {
  assert.equal((await products.byKey(1)).Name, 'Chai');
  await missing(products.byKey(99999));
});
check('insert, update and remove', async () => {
  const made = await products.insert({ Name: 'new', Price: decimal('1.5'), CategoryID: 1, ReleaseDate: time('2020-01-01T00:00:00'),
    RowId: '11111111-2222-3333-4444-555555555557' });
  assert.equal(made.ID, 6);
  await products.update(6, { Name: 'changed' });
  const row = await products.byKey(6);
  assert.deepEqual([row.Name, Number(row.Price), row.CategoryID], ['changed', 1.5, 1]);
  await products.remove(6);
  await missing(products.byKey(6));
  assert.deepEqual(asked, ['POST', version === 2 ? 'MERGE' : 'PATCH', 'GET', 'DELETE', 'GET']);
});
check('an insert that links to another row', async () => {
  const link = store.objectLink('categories', 2);
  assert.deepEqual(link, { __metadata: { uri: `${root}Categories(2)` } });
  // The link is verbose JSON; of version 4 the library knows no own notation, so a page writes what the protocol says.
  const { ID } = await products.insert({ Name: 'linked', ...(version === 4 ? { 'Category@odata.bind': link.__metadata.uri } : { Category: link }) });
  assert.equal((await products.byKey(ID, { expand: ['Category'] })).Category.ID, 2);
});

const restore = reset(root);
run(async () => {
  asked.length = 0;
  await restore();
});
