//! Microsoft Entra risk detections, from Graph, the diagnostic export or Log Analytics.
//!
//! A detection is about a sign-in, whose id is its correlation, and is no sign-in itself: its outcome is unknown and it counts
//! nowhere. What is found offline comes hours later, so the time is that of the activity.

use super::json::{self, Nested, Number, Text, shape};
use super::used::{known, unknown};
use super::{Category, Layout, Parse, Reader, Reject, event_id, lower, pick, time};
use crate::model::{Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_entra_risk_detections",
    summary: "Microsoft Entra risk detections, Graph or diagnostic export, as events beside the sign-ins",
    layout: Layout::Json,
    example: "read_entra_risk_detections('tests/data/entra_risk_detections.json')",
    parse: &[Parse::SignIn(parse)],
    source: "Microsoft Graph: riskDetection resource type",
    export: "Graph `identityProtection/riskDetections`, a diagnostic setting of UserRiskEvents, or rows of \
             `AADUserRiskEvents` as JSON",
    shapes: &[
        "riskDetection objects, bare or in pages (`value`)",
        "records of a diagnostic setting, with `properties`",
        "rows of `AADUserRiskEvents`",
    ],
    ignores: &[],
    fills: &[
        "event_time provider event_id correlation_id event_type_raw identity_id user_principal event_kind surface \
         outcome mfa_requirement mfa_result mfa_satisfied_by ip ip_anonymizer country region city latitude longitude \
         risk_level risk_signals",
    ],
};

/// One detection.
fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let mut detection: Detection<'_> = json::parse(record)?;
    let outer_time = detection.time.take();
    if let Some(properties) = detection.properties.0.take() {
        detection = *properties;
    }
    let kind = pick([&mut detection.kind, &mut detection.kind_before]);
    let (Some(kind), true) = (kind, detection.level.as_str().is_some() || detection.state.as_str().is_some()) else {
        return Err(Reject::at(Category::WrongProvider, 0));
    };
    if detection.time.0.is_none() {
        detection.time.0 = outer_time;
    }
    let event_time = time::required(&[
        ("activityDateTime", &detection.activity_time),
        ("detectedDateTime", &detection.detected),
        ("time", &detection.time),
    ])?;
    let place = &mut detection.place;
    let latitude = time::degrees(place.coordinates.latitude, 90.0, "latitude")?;
    let longitude = time::degrees(place.coordinates.longitude, 180.0, "longitude")?;
    let is_anonymizer = kind.eq_ignore_ascii_case("anonymizedIPAddress");
    Ok(Some(SignIn {
        event_id: Some(detection.id.take().unwrap_or_else(|| event_id(record))),
        correlation_id: pick([&mut detection.request_id, &mut detection.correlation_id]),
        identity_id: detection.user_id.take(),
        user_principal: known(detection.principal.take()).map(lower),
        event_kind: Some("other"),
        ip: detection.ip.take(),
        ip_anonymizer: is_anonymizer.then_some(true),
        country: place.country.take(),
        region: place.state.take(),
        city: place.city.take(),
        latitude,
        longitude,
        risk_level: known(detection.level.take()).map(lower),
        risk_signals: Some(vec![kind.clone()]),
        event_type_raw: Some(kind),
        ..unknown(Provider::Entra, event_time)
    }))
}

shape! {
    struct Detection<'a> {
        time: Text<'a> = "time" | "TimeGenerated" | "TimeGenerated [UTC]",
        properties: Nested<Detection<'a>> = "properties",
        id: Text<'a> = "id",
        request_id: Text<'a> = "requestId",
        correlation_id: Text<'a> = "correlationId",
        kind: Text<'a> = "riskEventType",
        kind_before: Text<'a> = "riskType",
        level: Text<'a> = "riskLevel",
        state: Text<'a> = "riskState",
        activity_time: Text<'a> = "activityDateTime",
        detected: Text<'a> = "detectedDateTime",
        user_id: Text<'a> = "userId",
        principal: Text<'a> = "userPrincipalName",
        ip: Text<'a> = "ipAddress",
        place: PlaceShape<'a> = "location",
    }
}

shape! {
    struct PlaceShape<'a> {
        city: Text<'a> = "city",
        state: Text<'a> = "state",
        country: Text<'a> = "countryOrRegion",
        coordinates: CoordinatesShape<'a> = "geoCoordinates",
    }
}

shape! {
    struct CoordinatesShape<'a> {
        latitude: Number = "latitude",
        longitude: Number = "longitude",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DETECTION: &str = r#"{"id":"d1","requestId":"s1","correlationId":"c1","riskEventType":"anonymizedIPAddress","riskState":"atRisk",
        "riskLevel":"Medium","activity":"signin","activityDateTime":"2026-01-05T08:00:00Z","detectedDateTime":"2026-01-05T11:00:00Z",
        "userId":"u1","userPrincipalName":"Ann@example.com","ipAddress":"203.0.113.7","location":{"city":"Oslo","countryOrRegion":"NO",
        "geoCoordinates":{"latitude":59.9,"longitude":10.7}}}"#;

    #[test]
    fn in_every_envelope() {
        let row = parse(DETECTION.as_bytes()).expect("reads").expect("is a row");
        assert_eq!((row.event_kind, row.outcome, row.mfa_result), (Some("other"), Some("unknown"), Some("unknown")));
        assert_eq!((row.correlation_id.as_deref(), row.risk_level.as_deref()), (Some("s1"), Some("medium")));
        assert_eq!(
            (row.risk_signals.as_deref(), row.ip_anonymizer),
            (Some(&["anonymizedIPAddress".into()][..]), Some(true))
        );
        assert_eq!((row.latitude, row.event_time.map(|time| time.0)), (Some(59.9), Some(1_767_600_000_000_000)));
        let export = format!(
            r#"{{"time":"2026-01-05T11:00:01Z","category":"UserRiskEvents","operationName":"User Risk Detection","properties":{DETECTION}}}"#
        );
        assert_eq!(parse(export.as_bytes()).expect("reads"), Some(row));
    }

    #[test]
    fn what_is_rejected() {
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"id":"u","riskLevel":"high","riskState":"atRisk","isDeleted":false}"#, Category::WrongProvider),
            (r#"{"riskEventType":"x","riskLevel":"low"}"#, Category::MissingField),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
