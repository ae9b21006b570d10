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
        "claim.hardBindings.missing" => "Nothing binds the manifest to the content.",
        "signingCredential.untrusted" => "No trust anchor vouches for the signer.",
        "signingCredential.invalid" => {
            "The signer's certificate does not meet the standard's profile."
        }
        "signingCredential.expired" => "The signer's certificate has expired.",
        "signingCredential.revoked" | "signingCredential.ocsp.revoked" => {
            "The signer's certificate was revoked."
        }
        "timeStamp.mismatch" => "The time-stamp belongs to another signature.",
        "timeStamp.outsideValidity" => "The time-stamp lies outside the certificate's validity.",
        "timeStamp.untrusted" => "No trust anchor vouches for the time-stamp.",
        "timeStamp.malformed" => "The time-stamp cannot be read.",
        "assertion.hashedURI.mismatch" | "hashedURI.mismatch" => {
            "An assertion was changed after it was signed."
        }
        "assertion.missing" | "hashedURI.missing" => {
            "An assertion that the claim names is missing."
        }
        "assertion.undeclared" => "The manifest holds an assertion that the claim does not name.",
        "assertion.inaccessible" => "An assertion cannot be reached.",
        "assertion.action.malformed" | "assertion.action.ingredientMismatch" => {
            "The list of actions is inconsistent."
        }
        "assertion.cbor.invalid" | "assertion.json.invalid" => "An assertion cannot be read.",
        "assertion.dataHash.malformed"
        | "assertion.bmffHash.malformed"
        | "assertion.boxesHash.malformed" => "The binding to the content cannot be read.",
        "manifest.inaccessible" => "A manifest that is referred to cannot be reached.",
        "ingredient.manifest.missing" => "The manifest of an ingredient is missing.",
        "ingredient.manifest.mismatch" | "ingredient.hashedURI.mismatch" => {
            "The manifest of an ingredient was changed."
        }
        "algorithm.unsupported" => "A hash or signature algorithm is not supported.",
        _ => return details.map_or_else(|| format!("The check `{code}` failed."), str::to_owned),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_gets_a_sentence() {
        assert!(explanation("assertion.dataHash.mismatch", None).contains("changed"));
        assert_eq!(explanation("x.y", Some("words")), "words");
        assert!(explanation("x.y", None).contains("x.y"));
    }
}
