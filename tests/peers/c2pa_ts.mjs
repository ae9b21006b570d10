// Asks c2pa-ts what it makes of JPEG and PNG files: one JSON object a line, in the order of the arguments.
//
//     node c2pa_ts.mjs FILE...
//
// It does not judge the chain of certificates.

import { readFile } from 'node:fs/promises';
import { JPEG, PNG } from '@trustnxt/c2pa-ts/asset';
import { SuperBox } from '@trustnxt/c2pa-ts/jumbf';
import { ManifestStore, ValidationResult } from '@trustnxt/c2pa-ts/manifest';

for (const file of process.argv.slice(2)) {
    const bytes = await readFile(file);
    let result;
    try {
        const asset = JPEG.canRead(bytes) ? new JPEG(bytes) : new PNG(bytes);
        const store = ManifestStore.read(SuperBox.fromBuffer(asset.getManifestJUMBF()));
        result = await store.validate(asset);
    } catch (error) {
        result = ValidationResult.fromError(error);
    }
    const failures = result.statusEntries.filter((entry) => !entry.success).map((entry) => entry.code);
    console.log(JSON.stringify({ file, state: result.isValid ? 'Valid' : 'Invalid', failures }));
}
