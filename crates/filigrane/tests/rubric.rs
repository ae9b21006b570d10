//! What stamping writes, held to the conformance programme's rubric for manifests of C2PA 2.4.
//!
//! The rubric (*C2PA Asset Conformance 0.2, Spec 2.4*, version 1.0 of 2026-08-06) has 31 checks. They are restated here
//! under the names that they have there, over the same view of a manifest, crJSON.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use filigrane::{
    Format, Identity, Key, Marked, Origin, Permission, StampOptions, Stamper, System,
    TrainingMining,
};
use filigrane_credentials::cr_json;
use serde_json::Value;

/// The active manifest of a file.
struct Manifest(Value);

type Check = (&'static str, fn(&Manifest) -> bool);

impl Manifest {
    fn of(file: &[u8], format: Format) -> Self {
        let report: Value =
            serde_json::from_str(&cr_json(file, format.mime()).unwrap().unwrap()).unwrap();
        Self(report["manifests"][0].clone())
    }

    /// Label and content of every assertion.
    fn assertions(&self) -> Vec<(&str, &Value)> {
        let all = self.0["assertions"].as_object().unwrap();
        all.iter()
            .map(|(label, content)| (label.as_str(), content))
            .collect()
    }

    /// Contents of the assertions that have a field.
    fn with(&self, field: &str) -> Vec<&Value> {
        let contents = self.assertions().into_iter().map(|(_, content)| content);
        contents
            .filter(|content| !content[field].is_null())
            .collect()
    }

    fn actions(&self) -> Vec<&Value> {
        let lists = self.with("actions").into_iter();
        lists
            .flat_map(|content| content["actions"].as_array().unwrap())
            .collect()
    }

    fn named<'a>(&'a self, action: &str) -> Vec<&'a Value> {
        self.actions()
            .into_iter()
            .filter(|it| it["action"] == action)
            .collect()
    }

    fn claim(&self) -> &Value {
        &self.0["claim.v2"]
    }

    fn ingredients(&self) -> Vec<&Value> {
        self.with("relationship")
    }

    /// Status codes of what does not hold.
    fn failures(&self) -> Vec<&str> {
        let failures = self.0["validationResults"]["failure"].as_array();
        failures
            .into_iter()
            .flatten()
            .filter_map(|status| status["code"].as_str())
            .collect()
    }
}

/// A label or action without the number that tells several of one kind apart.
fn base(label: &str) -> &str {
    label.split("__").next().unwrap()
}

const INCEPTIONS: [&str; 2] = ["c2pa.created", "c2pa.opened"];
/// Actions that nobody perceives, and placing, which needs no source type of its own.
const IMPERCEPTIBLE: [&str; 12] = [
    "c2pa.converted",
    "c2pa.published",
    "c2pa.repackaged",
    "c2pa.transcoded",
    "c2pa.resized.proportional",
    "c2pa.enhanced",
    "c2pa.edited.metadata",
    "c2pa.watermarked",
    "c2pa.watermarked.bound",
    "c2pa.watermarked.unbound",
    "c2pa.redacted",
    "c2pa.placed",
];
const OLD_ASSERTIONS: [&str; 6] = [
    "c2pa.claim",
    "c2pa.hash.bmff.v2",
    "c2pa.asset-type",
    "c2pa.ingredient",
    "c2pa.ingredient.v2",
    "c2pa.actions",
];
const OLD_ACTIONS: [&str; 9] = [
    "c2pa.copied",
    "c2pa.formatted",
    "c2pa.version_updated",
    "c2pa.printed",
    "c2pa.managed",
    "c2pa.produced",
    "c2pa.saved",
    "c2pa.color_adjustments",
    "c2pa.watermarked",
];
/// Assertions of the standard that filigrane writes, or may come to write.
const KNOWN_ASSERTIONS: [&str; 11] = [
    "c2pa.actions.v2",
    "c2pa.hash.data",
    "c2pa.hash.boxes",
    "c2pa.hash.bmff.v3",
    "c2pa.ingredient.v3",
    "c2pa.soft-binding",
    "c2pa.thumbnail.claim",
    "c2pa.thumbnail.ingredient",
    "c2pa.metadata",
    "c2pa.time-stamp",
    "c2pa.ai-disclosure",
];
/// Actions of the standard that filigrane writes, or may come to write.
const KNOWN_ACTIONS: [&str; 7] = [
    "c2pa.created",
    "c2pa.opened",
    "c2pa.edited",
    "c2pa.converted",
    "c2pa.transcoded",
    "c2pa.published",
    "c2pa.watermarked.bound",
];
const PARAMETERS: [&str; 8] = [
    "redacted",
    "ingredients",
    "ingredient",
    "description",
    "relatedAssertions",
    "multipleInstances",
    "sourceLanguage",
    "targetLanguage",
];
/// What a name outside the standard needs: an owner before a dot.
fn is_owned(name: &str) -> bool {
    name.contains('.')
}

fn has(value: &Value, field: &str) -> bool {
    !value[field].is_null()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

const CHECKS: [Check; 31] = [
    ("mandatory_dst_for_perceptible_transformations", |m| {
        m.actions().iter().all(|action| {
            let name = text(action, "action");
            let needs_none = !name.starts_with("c2pa.")
                || INCEPTIONS.contains(&name)
                || IMPERCEPTIBLE.contains(&name);
            needs_none || has(action, "digitalSourceType")
        })
    }),
    ("mandatory_spec_version", |m| {
        let info = &m.claim()["claim_generator_info"];
        let info = if info.is_array() { &info[0] } else { info };
        text(info, "specVersion").starts_with("2.4")
    }),
    ("mandatory_all_actions_included", |m| {
        m.with("actions")
            .iter()
            .all(|list| has(list, "allActionsIncluded"))
    }),
    ("no_dst_for_opened_action", |m| {
        m.named("c2pa.opened")
            .iter()
            .all(|action| !has(action, "digitalSourceType"))
    }),
    ("well_formed_data_present", |m| {
        has(&m.0, "validationResults")
    }),
    ("well_formed_success", |m| {
        let malformed = |code: &&str| {
            [
                "malformed",
                "missing",
                "invalid",
                "multiple",
                "unknownBox",
                "inaccessible",
            ]
            .iter()
            .any(|word| code.contains(word))
        };
        !m.failures().iter().any(malformed)
    }),
    ("valid_data_present", |m| {
        m.0["validationResults"].is_object()
    }),
    ("valid_success", |m| {
        !m.failures().iter().any(|code| code.ends_with("ismatch"))
    }),
    ("inception_action_position", |m| {
        let created = m.claim()["created_assertions"].as_array();
        let urls = created.into_iter().flatten().map(|link| text(link, "url"));
        let first = urls.into_iter().find(|url| url.contains("c2pa.actions"));
        let is_first = m
            .actions()
            .first()
            .is_some_and(|action| INCEPTIONS.contains(&text(action, "action")));
        first.is_some_and(|url| url.ends_with("c2pa.actions.v2")) && is_first
    }),
    ("no_deprecated_assertions", |m| {
        let old = |label: &str| label.starts_with("stds.") || OLD_ASSERTIONS.contains(&label);
        !m.assertions().iter().any(|(label, _)| old(label))
    }),
    ("no_unsupported_assertions", |m| {
        let of_the_standard = |(label, _): &(&str, _)| label.starts_with("c2pa.");
        let labels = m.assertions();
        labels
            .iter()
            .filter(|it| of_the_standard(it))
            .all(|(label, _)| KNOWN_ASSERTIONS.contains(&base(label)))
    }),
    ("no_deprecated_actions", |m| {
        !m.actions()
            .iter()
            .any(|action| OLD_ACTIONS.contains(&text(action, "action")))
    }),
    ("no_unsupported_actions", |m| {
        let names = m.actions();
        let mut names = names.iter().map(|action| text(action, "action"));
        names.all(|name| !name.starts_with("c2pa.") || KNOWN_ACTIONS.contains(&name))
    }),
    ("no_unrecognized_custom_assertions", |m| {
        m.assertions().iter().all(|(label, _)| is_owned(label))
    }),
    ("no_unrecognized_custom_actions", |m| {
        m.actions()
            .iter()
            .all(|action| is_owned(text(action, "action")))
    }),
    ("no_unrecognized_custom_action_parameters", |m| {
        let actions = m.actions();
        let parameters = actions
            .iter()
            .filter_map(|action| action["parameters"].as_object());
        let mut names = parameters.flat_map(|parameters| parameters.keys());
        names.all(|name| PARAMETERS.contains(&name.as_str()) || is_owned(name))
    }),
    ("discouraged_legacy_action_parameters", |m| {
        !m.actions().iter().any(|action| {
            let parameters = &action["parameters"];
            has(parameters, "description") || has(parameters, "ingredient")
        })
    }),
    ("active_manifest_urn", |m| {
        text(&m.0, "label").starts_with("urn:c2pa:")
    }),
    ("review_ratings_datasource", |m| {
        let by_hand = |it: &&Value| text(&it["dataSource"], "type").starts_with("humanEntry.");
        !m.with("reviewRatings").iter().any(by_hand)
    }),
    ("ingredient_v3_no_active_manifest", |m| {
        let without = |it: &&&Value| !has(it, "activeManifest");
        !m.ingredients()
            .iter()
            .filter(without)
            .any(|it| has(it, "validationResults"))
    }),
    ("ingredient_v3_mandatory_validation_results", |m| {
        let with = |it: &&&Value| has(it, "activeManifest");
        m.ingredients()
            .iter()
            .filter(with)
            .all(|it| has(it, "validationResults"))
    }),
    ("ingredient_relationship_values", |m| {
        let values = ["parentOf", "componentOf", "inputTo"];
        m.ingredients()
            .iter()
            .all(|it| values.contains(&text(it, "relationship")))
    }),
    ("mandatory_dst_for_created_action", |m| {
        m.named("c2pa.created")
            .iter()
            .all(|action| has(action, "digitalSourceType"))
    }),
    ("no_deprecated_claim_fields", |m| {
        !has(m.claim(), "specVersion")
    }),
    ("ingredient_v3_choice", |m| {
        !m.ingredients()
            .iter()
            .any(|it| has(it, "activeManifest") && has(it, "digitalSourceType"))
    }),
    ("alternative_content_representation_choice", |m| {
        let contents = m.assertions();
        contents.iter().all(|(_, it)| {
            let parameters = &it["parameters"];
            let kinds = [text(it, "type"), text(parameters, "type")];
            let one = has(parameters, "multiAssetPartIndex")
                != has(parameters, "embeddedOriginalPreservationImage");
            !kinds.contains(&"exif.originalPreservationImage") || one
        })
    }),
    ("forbidden_labels_in_external_references", |m| {
        let contents = m.assertions();
        let references = contents.iter().map(|(_, content)| content);
        let mut references = references.filter(|it| has(it, "url") && !has(it, "relationship"));
        let kinds = [
            "c2pa.actions",
            "c2pa.cloud-data",
            "c2pa.external-reference",
            "c2pa.hash",
            "c2pa.ingredient",
        ];
        references.all(|it| !kinds.iter().any(|kind| text(it, "label").starts_with(kind)))
    }),
    ("no_url_in_hashes", |m| {
        let assertions = m.assertions();
        let mut hashes = assertions
            .iter()
            .filter(|(label, _)| label.starts_with("c2pa.hash."));
        hashes.all(|(_, content)| !has(content, "url"))
    }),
    ("all_actions_included_opened", |m| {
        let only_opened = m.actions().len() == 1 && m.named("c2pa.opened").len() == 1;
        !only_opened
            || m.with("actions")
                .iter()
                .all(|it| it["allActionsIncluded"] == true)
    }),
    ("opened_action_ingredient_reference", |m| {
        m.named("c2pa.opened").iter().all(|action| {
            action["parameters"]["ingredients"]
                .as_array()
                .is_some_and(|all| all.len() == 1)
        })
    }),
    ("no_box_hash_for_tiff", |m| {
        let kind = text(&m.0["assertions"]["c2pa.asset-type.v2"], "dc:format");
        let is_tiff = ["image/tiff", "image/x-adobe-dng"].contains(&kind);
        !is_tiff
            || m.assertions()
                .iter()
                .all(|(label, _)| *label != "c2pa.hash.boxes")
    }),
];

fn broken(manifest: &Manifest) -> Vec<&'static str> {
    let broken = CHECKS.iter().filter(|(_, holds)| !holds(manifest));
    broken.map(|(name, _)| *name).collect()
}

fn sample(name: &str) -> Vec<u8> {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    std::fs::read(samples.join(name)).unwrap()
}

/// A stamper that tells all that can be told.
fn stamper(origin: Origin) -> Stamper {
    let made = Identity::development("test").unwrap();
    let everything = Some(Permission::NotAllowed);
    Stamper::builder(Key::public())
        .identity(made.identity)
        .origin(origin)
        .provider("Studio")
        .model(System {
            name: "fox".to_owned(),
            version: Some("2.1".to_owned()),
            sha256: Some("07".repeat(32)),
        })
        .training_mining(TrainingMining {
            data_mining: everything,
            ai_inference: everything,
            ai_training: everything,
            ai_generative_training: everything,
        })
        .marked(Marked::Keep)
        .build()
        .unwrap()
}

fn stamp(stamper: &Stamper, file: &[u8], format: Format) -> Vec<u8> {
    let options = StampOptions {
        format: Some(format),
        title: Some("A title".to_owned()),
        prompt: Some("a fox".to_owned()),
        ..StampOptions::default()
    };
    let file = stamper.stamp_with(file, &options).unwrap().0;
    if let Some(folder) = std::env::var_os("FILIGRANE_CR_JSON") {
        let folder = std::path::PathBuf::from(folder);
        let name = format!("{}.json", blake3::hash(&file).to_hex());
        std::fs::write(
            folder.join(name),
            cr_json(&file, format.mime()).unwrap().unwrap(),
        )
        .unwrap();
    }
    file
}

const TARGETS: [(&str, Format); 5] = [
    ("photo.jpg", Format::Png),
    ("photo.jpg", Format::Jpeg),
    ("photo.jpg", Format::WebP),
    ("speech.wav", Format::Wav),
    ("speech.wav", Format::Flac),
];

#[test]
fn all_that_is_stamped_passes_all_31_checks() {
    for origin in [
        Origin::Generated,
        Origin::Edited,
        Origin::Captured,
        Origin::Other,
    ] {
        let stamper = stamper(origin);
        for (source, format) in TARGETS {
            // Once from a file without credentials, and once more with the first as its parent.
            let created = stamp(&stamper, &sample(source), format);
            let opened = stamp(&stamper, &created, format);
            for (kind, file) in [("c2pa.created", &created), ("c2pa.opened", &opened)] {
                let manifest = Manifest::of(file, format);
                assert_eq!(manifest.named(kind).len(), 1, "{:#}", manifest.0);
                let broken = broken(&manifest);
                assert!(
                    broken.is_empty(),
                    "{origin} {format} {kind}: {broken:?}\n{:#}",
                    manifest.0
                );
            }
        }
    }
}

/// Every check can fail: a manifest that is changed in one place breaks the check of that place.
#[test]
fn every_check_finds_what_it_is_there_for() {
    let stamper = stamper(Origin::Generated);
    let created = stamp(&stamper, &sample("photo.jpg"), Format::Jpeg);
    let opened = stamp(&stamper, &created, Format::Jpeg);
    let opened = Manifest::of(&opened, Format::Jpeg).0;
    let created = Manifest::of(&created, Format::Jpeg).0;
    let actions = "/assertions/c2pa.actions.v2/actions";
    let assertions = "/assertions";
    let cases: [(&str, &Value, &str, &str); 31] = [
        (
            "mandatory_dst_for_perceptible_transformations",
            &created,
            actions,
            r#"[{"action":"c2pa.created","digitalSourceType":"x"},{"action":"c2pa.cropped"}]"#,
        ),
        (
            "mandatory_spec_version",
            &created,
            "/claim.v2/claim_generator_info",
            r#"{"name":"x","specVersion":"2.2.0"}"#,
        ),
        (
            "mandatory_all_actions_included",
            &created,
            "/assertions/c2pa.actions.v2/allActionsIncluded",
            "null",
        ),
        (
            "no_dst_for_opened_action",
            &opened,
            "/assertions/c2pa.actions.v2/actions/0/digitalSourceType+",
            r#""x""#,
        ),
        (
            "well_formed_data_present",
            &created,
            "/validationResults",
            "null",
        ),
        (
            "well_formed_success",
            &created,
            "/validationResults",
            r#"{"failure":[{"code":"claim.malformed"}]}"#,
        ),
        ("valid_data_present", &created, "/validationResults", "null"),
        (
            "valid_success",
            &created,
            "/validationResults",
            r#"{"failure":[{"code":"assertion.dataHash.mismatch"}]}"#,
        ),
        (
            "inception_action_position",
            &created,
            "/claim.v2/created_assertions",
            "[]",
        ),
        (
            "no_deprecated_assertions",
            &created,
            "/assertions/c2pa.actions+",
            "{}",
        ),
        (
            "no_unsupported_assertions",
            &created,
            "/assertions/c2pa.made-up+",
            "{}",
        ),
        (
            "no_deprecated_actions",
            &created,
            "/assertions/c2pa.actions.v2/actions/1/action",
            r#""c2pa.watermarked""#,
        ),
        (
            "no_unsupported_actions",
            &created,
            "/assertions/c2pa.actions.v2/actions/1/action",
            r#""c2pa.made-up""#,
        ),
        (
            "no_unrecognized_custom_assertions",
            &created,
            "/assertions/made-up+",
            "{}",
        ),
        (
            "no_unrecognized_custom_actions",
            &created,
            "/assertions/c2pa.actions.v2/actions/1/action",
            r#""made-up""#,
        ),
        (
            "no_unrecognized_custom_action_parameters",
            &created,
            "/assertions/c2pa.actions.v2/actions/0/parameters+",
            r#"{"made-up":1}"#,
        ),
        (
            "discouraged_legacy_action_parameters",
            &created,
            "/assertions/c2pa.actions.v2/actions/0/parameters+",
            r#"{"description":"x"}"#,
        ),
        ("active_manifest_urn", &created, "/label", r#""urn:uuid:1""#),
        (
            "review_ratings_datasource",
            &created,
            "/assertions/a.b+",
            r#"{"reviewRatings":[1],"dataSource":{"type":"humanEntry.anonymous"}}"#,
        ),
        (
            "ingredient_v3_no_active_manifest",
            &opened,
            "/assertions/c2pa.ingredient.v3/activeManifest",
            "null",
        ),
        (
            "ingredient_v3_mandatory_validation_results",
            &opened,
            "/assertions/c2pa.ingredient.v3/validationResults",
            "null",
        ),
        (
            "ingredient_relationship_values",
            &opened,
            "/assertions/c2pa.ingredient.v3/relationship",
            r#""cousinOf""#,
        ),
        (
            "mandatory_dst_for_created_action",
            &created,
            "/assertions/c2pa.actions.v2/actions/0/digitalSourceType",
            "null",
        ),
        (
            "no_deprecated_claim_fields",
            &created,
            "/claim.v2/specVersion+",
            r#""2.4""#,
        ),
        (
            "ingredient_v3_choice",
            &opened,
            "/assertions/c2pa.ingredient.v3/digitalSourceType+",
            r#""x""#,
        ),
        (
            "alternative_content_representation_choice",
            &created,
            "/assertions/a.b+",
            r#"{"type":"exif.originalPreservationImage","parameters":{}}"#,
        ),
        (
            "forbidden_labels_in_external_references",
            &created,
            "/assertions/a.b+",
            r#"{"label":"c2pa.hash.data","url":"x"}"#,
        ),
        (
            "no_url_in_hashes",
            &created,
            "/assertions/c2pa.hash.data/url+",
            r#""x""#,
        ),
        (
            "all_actions_included_opened",
            &opened,
            actions,
            r#"[{"action":"c2pa.opened","parameters":{"ingredients":[{}]}}]"#,
        ),
        (
            "opened_action_ingredient_reference",
            &opened,
            "/assertions/c2pa.actions.v2/actions/0/parameters",
            "{}",
        ),
        (
            "no_box_hash_for_tiff",
            &created,
            assertions,
            r#"{"c2pa.hash.boxes":{},"c2pa.asset-type.v2":{"dc:format":"image/tiff"}}"#,
        ),
    ];
    for ((name, manifest, place, value), (check, _)) in cases.into_iter().zip(CHECKS) {
        assert_eq!(name, check);
        let mut changed = manifest.clone();
        let value = serde_json::from_str(value).unwrap();
        match place.strip_suffix('+') {
            Some(place) => {
                let (parent, field) = place.rsplit_once('/').unwrap();
                let parent = changed
                    .pointer_mut(parent)
                    .unwrap_or_else(|| panic!("{place}"));
                parent
                    .as_object_mut()
                    .unwrap()
                    .insert(field.to_owned(), value);
            }
            None => {
                *changed
                    .pointer_mut(place)
                    .unwrap_or_else(|| panic!("{place}")) = value;
            }
        }
        if name == "all_actions_included_opened" {
            changed["assertions"]["c2pa.actions.v2"]["allActionsIncluded"] = false.into();
        }
        let broken = broken(&Manifest(changed));
        assert!(broken.contains(&name), "{name}: {broken:?}");
    }
}
