//! What the machine that latchkey runs on knows of its cluster. Nobody has it asked unless the operator allows its address.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::generate::World;
use crate::generate::endpoints::GOOGLE_METADATA;
use crate::generate::http::{Ask, address};
use crate::generate::oauth::Service;
use crate::generate::parts::{at, below};
use crate::{Error, SecretBytes};

const HOST: &str = "metadata.google.internal";

/// An attribute of the machine, in place of `field`.
///
/// # Errors
/// The metadata may not be asked, does not answer, or does not know it.
pub async fn attribute(world: &World<'_>, field: &str, key: &str) -> Result<String, Error> {
    let host = world.clouds.google_metadata.as_deref().unwrap_or(HOST);
    let server = address(&format!("{GOOGLE_METADATA} in latchkey's environment"), &format!("http://{host}"))?;
    let place = format!("{field} is not given");
    let service = Service::new(world, ("Google's metadata", "Google"), &place, &server)?;
    let url = below(&server, &["computeMetadata", "v1", "instance", "attributes", key]);
    let text = service.text(get(url)).await?;
    let text = text.expose_str().map(str::trim).map(str::to_owned);
    text.ok_or_else(|| at(field, service.unreadable()))
}

fn get<'a>(url: Url) -> Ask<'a> {
    let flavor = (HeaderName::from_static("metadata-flavor"), HeaderValue::from_static("Google"));
    Ask {
        call: "GetMetadata",
        doing: "cannot find out about the cluster",
        method: Method::GET,
        url,
        headers: HeaderMap::from_iter([flavor]),
        body: SecretBytes::default(),
    }
}
