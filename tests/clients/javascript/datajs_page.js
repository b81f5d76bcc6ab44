// data.js 1.1 in a page of jsdom whose address is the service root: the library looks for XMLHttpRequest and DOMParser.
// Strategy: callbacks become promises, and what comes back is copied, as objects of the page have other prototypes
// than those of this program and would never be deeply equal to them.
'use strict';

const { readFileSync } = require('node:fs');
const { JSDOM } = require('jsdom');

const FORMATS = {
  atom: 'application/atom+xml',
  verbose: 'application/json;odata=verbose',
  minimal: 'application/json;odata=minimalmetadata',
  full: 'application/json;odata=fullmetadata',
};

/** The library's calls on a service. */
function dataJs(root) {
  const { window } = new JSDOM('<!doctype html><title>page</title>', { url: root, runScripts: 'outside-only' });
  window.eval(readFileSync(require.resolve('@openui5/sap.ui.core/src/sap/ui/thirdparty/datajs.js'), 'utf8'));
  const { OData } = window;
  let model;

  const known = async () =>
    (model ??= await new Promise((done, failed) =>
      OData.read({ requestUri: `${root}$metadata`, headers: { Accept: 'application/xml' } }, done, failed, OData.metadataHandler)));

  const metadata = async () => structuredClone(await known());

  /** Data and response; a fault has the response as well. */
  async function request(asked) {
    const model = await known();
    const handler = asked.requestUri.endsWith('$batch') ? OData.batchHandler : undefined;
    return new Promise((done, failed) =>
      OData.request(
        asked,
        (data, response) => done({ data: structuredClone(data), response }),
        (fault) => failed(Object.assign(new Error(`${fault.message}: ${fault.response?.body}`), { response: fault.response })),
        handler, undefined, model));
  }

  const get = (path, accept, headers) =>
    request({ method: 'GET', requestUri: new URL(path, root).href, headers: { Accept: accept, MaxDataServiceVersion: '3.0', ...headers } });

  return { get, metadata, request };
}

/** A header of a response, however its name is written: data.js keeps the letters that came, jsdom makes them small. */
const header = (response, name) =>
  Object.entries(response.headers).find(([found]) => found.toLowerCase() === name.toLowerCase())?.[1];

module.exports = { dataJs, FORMATS, header };
