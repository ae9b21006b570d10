//! The standard's status codes in sentences (C2PA 2.x, "Validation", tables of failure codes).

/// Whether a code says that the content is not the one that was signed.
pub(crate) fn asset_changed(code: &str) -> bool {
    matches!(
        code,
        "assertion.dataHash.mismatch"
            | "assertion.bmffHash.mismatch"
            | "assertion.boxesHash.mismatch"
            | "assertion.boxesHash.unknownBox"
            | "assertion.collectionHash.mismatch"
    )
}

/// A sentence for a code; the library's own words where there is none.
pub(crate) fn explanation(code: &str, details: Option<&str>) -> String {
    let known = match code {
        _ if asset_changed(code) => "The content was changed after it was signed.",
        "claimSignature.mismatch" => {
            "The signature does not fit the claim: the manifest was changed."
        }
        "claimSignature.missing" => "The claim has no signature.",
        "claimSignature.outsideValidity" => {
            "The certificate was not valid when the claim was signed."
        }
        "claim.missing" | "claim.multiple" => "The manifest has no single claim.",
        "claim.malformed" | "claim.cbor.invalid" => "The claim cannot be read.",
        "claim.required.missing" => "The claim lacks a field that it must have.",
        "claim.hardBindings.missing" => "Nothing binds the manifest to the content.",
        "assertion.multipleHardBindings" => {
            "More than one assertion binds the manifest to the content."
        }
        "signingCredential.untrusted" => "No trust anchor vouches for the signer.",
        "signingCredential.invalid" => {
            "The signer's certificate does not meet the standard's profile."
        }
        "signingCredential.expired" => "The signer's certificate has expired.",
        "signingCredential.revoked" | "signingCredential.ocsp.revoked" => {
            "The signer's certificate was revoked."
        }
        "signingCredential.ocsp.unknown" => {
            "The authority's answer does not know the signer's certificate."
        }
        "signingCredential.ocsp.skipped" | "signingCredential.ocsp.inaccessible" => {
            "No authority was asked whether the signer's certificate was revoked."
        }
        "timeStamp.mismatch" => "The time-stamp belongs to another signature.",
        "timeStamp.outsideValidity" => "The time-stamp lies outside the certificate's validity.",
        "timeStamp.untrusted" => "No trust anchor vouches for the time-stamp.",
        "timeStamp.malformed" | "assertion.timestamp.malformed" => "The time-stamp cannot be read.",
        "assertion.hashedURI.mismatch" | "hashedURI.mismatch" => {
            "An assertion was changed after it was signed."
        }
        "assertion.missing" | "hashedURI.missing" => {
            "An assertion that the claim names is missing."
        }
        "assertion.undeclared" => "The manifest holds an assertion that the claim does not name.",
        "assertion.outsideManifest" => "The claim names an assertion of another manifest.",
        "assertion.inaccessible" => "An assertion cannot be reached.",
        "assertion.required.missing" => "An assertion lacks a field that it must have.",
        "assertion.notRedacted" => "An assertion that was said to be removed is still there.",
        "assertion.selfRedacted" => "The claim says that one of its own assertions was removed.",
        "assertion.action.redacted" => {
            "The list of actions was removed, which the standard does not allow."
        }
        "assertion.dataHash.redacted" => {
            "The binding to the content was removed, which the standard does not allow."
        }
        "assertion.action.malformed"
        | "assertion.action.ingredientMismatch"
        | "assertion.action.redactionMismatch" => "The list of actions is inconsistent.",
        "assertion.cbor.invalid" | "assertion.json.invalid" => "An assertion cannot be read.",
        "assertion.dataHash.malformed"
        | "assertion.bmffHash.malformed"
        | "assertion.boxesHash.malformed"
        | "assertion.collectionHash.malformed"
        | "assertion.collectionHash.invalidURI" => "The binding to the content cannot be read.",
        "assertion.collectionHash.incorrectFileCount" => {
            "The content is of more or fewer files than were signed."
        }
        "assertion.cloud-data.hardBinding" => "The binding to the content lies outside the file.",
        "assertion.cloud-data.actions" => "The list of actions lies outside the file.",
        "assertion.cloud-data.malformed" => {
            "An assertion that points outside the file cannot be read."
        }
        "assertion.ingredient.malformed" => "An ingredient cannot be read.",
        "assertion.metadata.disallowed" => {
            "The metadata holds a field that the standard does not allow."
        }
        "manifest.inaccessible" => "A manifest that is referred to cannot be reached.",
        "manifest.multipleParents" => "The manifest names more than one parent.",
        "manifest.update.invalid" => {
            "The manifest says that only it was changed, and holds what only new content has."
        }
        "manifest.update.wrongParents" => {
            "The manifest says that only it was changed, and does not name the one before it."
        }
        "manifest.timestamp.invalid" | "manifest.timestamp.wrongParents" => {
            "The manifest says that it only adds a time-stamp, and holds something else."
        }
        "manifest.compressed.invalid" => "The manifest is packed in a way that cannot be read.",
        "manifest.unknownProvenance" => "The manifest is of a kind that is not known here.",
        "manifest.unreferenced" => "A manifest is there that no other refers to.",
        "ingredient.unknownProvenance" => "An ingredient came without a manifest.",
        "ingredient.manifest.missing" => "The manifest of an ingredient is missing.",
        "ingredient.manifest.mismatch" | "ingredient.hashedURI.mismatch" => {
            "The manifest of an ingredient was changed."
        }
        "ingredient.claimSignature.missing" => "The signature of an ingredient is missing.",
        "ingredient.claimSignature.mismatch" => "The signature of an ingredient was changed.",
        "algorithm.unsupported" => "A hash or signature algorithm is not supported.",
        "algorithm.deprecated" => "A hash or signature algorithm is no longer to be used.",
        // `general.error` is the library's word for what has no code of its own.
        _ => return details.map_or_else(|| format!("The check `{code}` failed."), str::to_owned),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All codes of the library but those that say that something holds, and `general.error`.
    const CODES: [&str; 74] = {
        use c2pa::validation_status::*;
        [
            ACTION_ASSERTION_INGREDIENT_MISMATCH,
            ACTION_ASSERTION_REDACTED,
            ALGORITHM_DEPRECATED,
            ALGORITHM_UNSUPPORTED,
            ASSERTION_ACTION_INGREDIENT_MISMATCH,
            ASSERTION_ACTION_MALFORMED,
            ASSERTION_ACTION_REDACTED,
            ASSERTION_ACTION_REDACTION_MISMATCH,
            ASSERTION_BMFFHASH_MALFORMED,
            ASSERTION_BMFFHASH_MISMATCH,
            ASSERTION_BOXESHASH_MALFORMED,
            ASSERTION_BOXHASH_MISMATCH,
            ASSERTION_BOXHASH_UNKNOWN_BOX,
            ASSERTION_CBOR_INVALID,
            ASSERTION_CLOUD_DATA_ACTIONS,
            ASSERTION_CLOUD_DATA_HARD_BINDING,
            ASSERTION_CLOUD_DATA_MALFORMED,
            ASSERTION_COLLECTIONHASH_INCORRECT_FILE_COUNT,
            ASSERTION_COLLECTIONHASH_INVALID_URI,
            ASSERTION_COLLECTIONHASH_MALFORMED,
            ASSERTION_COLLECTIONHASH_MISMATCH,
            ASSERTION_DATAHASH_MALFORMED,
            ASSERTION_DATAHASH_MISMATCH,
            ASSERTION_DATAHASH_REDACTED,
            ASSERTION_HASHEDURI_MISMATCH,
            ASSERTION_INACCESSIBLE,
            ASSERTION_INGREDIENT_MALFORMED,
            ASSERTION_JSON_INVALID,
            ASSERTION_METADATA_DISALLOWED,
            ASSERTION_MISSING,
            ASSERTION_NOT_REDACTED,
            ASSERTION_OUTSIDE_MANIFEST,
            ASSERTION_REQUIRED_MISSING,
            ASSERTION_SELF_REDACTED,
            ASSERTION_TIMESTAMP_MALFORMED,
            ASSERTION_UNDECLARED,
            CLAIM_CBOR_INVALID,
            CLAIM_MALFORMED,
            CLAIM_MISSING,
            CLAIM_MULTIPLE,
            CLAIM_REQUIRED_MISSING,
            CLAIM_SIGNATURE_MISMATCH,
            CLAIM_SIGNATURE_MISSING,
            CLAIM_SIGNATURE_OUTSIDE_VALIDITY,
            HARD_BINDINGS_MISSING,
            HARD_BINDINGS_MULTIPLE,
            HASHED_URI_MISMATCH,
            HASHED_URI_MISSING,
            INGREDIENT_CLAIM_SIGNATURE_MISMATCH,
            INGREDIENT_CLAIM_SIGNATURE_MISSING,
            INGREDIENT_HASHEDURI_MISMATCH,
            INGREDIENT_MANIFEST_MISMATCH,
            INGREDIENT_MANIFEST_MISSING,
            INGREDIENT_PROVENANCE_UNKNOWN,
            MANIFEST_COMPRESSED_INVALID,
            MANIFEST_INACCESSIBLE,
            MANIFEST_MULTIPLE_PARENTS,
            MANIFEST_TIMESTAMP_INVALID,
            MANIFEST_TIMESTAMP_WRONG_PARENTS,
            MANIFEST_UNKNOWN_PROVENANCE,
            MANIFEST_UNREFERENCED,
            MANIFEST_UPDATE_INVALID,
            MANIFEST_UPDATE_WRONG_PARENTS,
            SIGNING_CREDENTIAL_EXPIRED,
            SIGNING_CREDENTIAL_INVALID,
            SIGNING_CREDENTIAL_OCSP_INACCESSIBLE,
            SIGNING_CREDENTIAL_OCSP_SKIPPED,
            SIGNING_CREDENTIAL_OCSP_UNKNOWN,
            SIGNING_CREDENTIAL_REVOKED,
            SIGNING_CREDENTIAL_UNTRUSTED,
            TIMESTAMP_MALFORMED,
            TIMESTAMP_MISMATCH,
            TIMESTAMP_OUTSIDE_VALIDITY,
            TIMESTAMP_UNTRUSTED,
        ]
    };

    #[test]
    fn every_code_of_the_library_gets_a_sentence() {
        for code in CODES {
            let sentence = explanation(code, None);
            assert!(!sentence.contains(code), "{code}: {sentence}");
            assert!(
                sentence.len() > 20 && sentence.ends_with('.'),
                "{code}: {sentence}"
            );
        }
    }

    #[test]
    fn others_get_what_the_library_says() {
        assert!(explanation("assertion.dataHash.mismatch", None).contains("changed"));
        assert_eq!(explanation("x.y", Some("words")), "words");
        assert!(explanation("x.y", None).contains("x.y"));
    }
}
