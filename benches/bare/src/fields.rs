//! The fields that the queries of `benches/read_logs.py` take out of a record.
#![expect(dead_code, reason = "that they are parsed is what is measured")]

use std::borrow::Cow;

use serde::Deserialize;

/// A text, borrowed where it has no escapes; within an `Option`, serde would copy a plain `Cow`.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

type Maybe<'a> = Option<Text<'a>>;

/// Something of a record by which contenders can be compared.
pub(crate) trait Size {
    /// The lengths of its id and of its login name.
    fn size(&self) -> usize;
}

fn length(texts: [&Maybe<'_>; 2]) -> usize {
    texts.into_iter().flatten().map(|text| text.0.len()).sum()
}

macro_rules! fields {
    ($($name:ident { $($field:ident: $type:ty,)* } $($plain:ident: $of:ty)*;)*) => {
        $(#[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name<'a> {
            $(#[serde(borrow, default)] $field: $type,)*
            $(#[serde(default)] $plain: $of,)*
        })*
    };
}

#[derive(Deserialize)]
struct Code {
    #[serde(rename = "errorCode")]
    code: Option<i64>,
}

#[derive(Deserialize)]
struct Point {
    #[serde(alias = "lat")]
    latitude: Option<f64>,
    #[serde(alias = "lon")]
    longitude: Option<f64>,
}

fields! {
    EntraFew { id: Maybe<'a>, user_principal_name: Maybe<'a>, } status: Option<Code>;
    Entra {
        id: Maybe<'a>,
        created_date_time: Maybe<'a>,
        user_principal_name: Maybe<'a>,
        user_id: Maybe<'a>,
        app_id: Maybe<'a>,
        app_display_name: Maybe<'a>,
        ip_address: Maybe<'a>,
        client_app_used: Maybe<'a>,
        user_agent: Maybe<'a>,
        correlation_id: Maybe<'a>,
        session_id: Maybe<'a>,
        conditional_access_status: Maybe<'a>,
        risk_level_during_sign_in: Maybe<'a>,
        authentication_requirement: Maybe<'a>,
        authentication_protocol: Maybe<'a>,
        status: Option<Status<'a>>,
        device_detail: Option<Device<'a>>,
        location: Option<Place<'a>>,
        authentication_details: Option<Vec<Step<'a>>>,
    } is_interactive: Option<bool> autonomous_system_number: Option<i64>;
    Status { failure_reason: Maybe<'a>, additional_details: Maybe<'a>, } error_code: Option<i64>;
    Device {
        device_id: Maybe<'a>,
        operating_system: Maybe<'a>,
        browser: Maybe<'a>,
        trust_type: Maybe<'a>,
    } is_compliant: Option<bool> is_managed: Option<bool>;
    Place { city: Maybe<'a>, state: Maybe<'a>, country_or_region: Maybe<'a>, } geo_coordinates: Option<Point>;
    Step {
        authentication_method: Maybe<'a>,
        authentication_step_requirement: Maybe<'a>,
        authentication_step_result_detail: Maybe<'a>,
    } succeeded: Option<bool>;

    OktaFew { uuid: Maybe<'a>, actor: Option<ActorName<'a>>, outcome: Option<OutcomeResult<'a>>, };
    ActorName { alternate_id: Maybe<'a>, };
    OutcomeResult { result: Maybe<'a>, };
    Okta {
        uuid: Maybe<'a>,
        published: Maybe<'a>,
        event_type: Maybe<'a>,
        actor: Option<Actor<'a>>,
        client: Option<Client<'a>>,
        device: Option<OktaDevice<'a>>,
        authentication_context: Option<Context<'a>>,
        outcome: Option<Outcome<'a>>,
        debug_context: Option<Debug<'a>>,
        transaction: Option<Transaction<'a>>,
        target: Option<Vec<Target<'a>>>,
    } security_context: Option<Security>;
    Actor { id: Maybe<'a>, r#type: Maybe<'a>, alternate_id: Maybe<'a>, };
    Client {
        user_agent: Option<Agent<'a>>,
        device: Maybe<'a>,
        ip_address: Maybe<'a>,
        geographical_context: Option<OktaPlace<'a>>,
    };
    Agent { raw_user_agent: Maybe<'a>, os: Maybe<'a>, browser: Maybe<'a>, };
    OktaPlace { city: Maybe<'a>, state: Maybe<'a>, country: Maybe<'a>, } geolocation: Option<Point>;
    OktaDevice { id: Maybe<'a>, } managed: Option<bool> registered: Option<bool>;
    Context { credential_type: Maybe<'a>, external_session_id: Maybe<'a>, };
    Outcome { result: Maybe<'a>, reason: Maybe<'a>, };
    Debug { debug_data: Option<Data<'a>>, };
    Data {
        factor: Maybe<'a>,
        request_uri: Maybe<'a>,
        behaviors: Maybe<'a>,
        risk: Maybe<'a>,
        auth_method_first_type: Maybe<'a>,
        auth_method_second_type: Maybe<'a>,
    };
    Transaction { id: Maybe<'a>, };
    Target { id: Maybe<'a>, r#type: Maybe<'a>, alternate_id: Maybe<'a>, display_name: Maybe<'a>, };
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Security {
    as_number: Option<i64>,
    is_proxy: Option<bool>,
}

impl Size for Entra<'_> {
    fn size(&self) -> usize {
        length([&self.id, &self.user_principal_name])
    }
}

impl Size for EntraFew<'_> {
    fn size(&self) -> usize {
        length([&self.id, &self.user_principal_name])
    }
}

impl Size for Okta<'_> {
    fn size(&self) -> usize {
        length([&self.uuid, self.actor.as_ref().map_or(&None, |actor| &actor.alternate_id)])
    }
}

impl Size for OktaFew<'_> {
    fn size(&self) -> usize {
        length([&self.uuid, self.actor.as_ref().map_or(&None, |actor| &actor.alternate_id)])
    }
}
