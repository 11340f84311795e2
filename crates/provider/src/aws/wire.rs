//! What goes over the wire: answers are read up to a limit, and who asks to be left alone is.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Full, Limited};

use crate::limit;

/// A client whose answers are read whole before the SDK sees them, as all that is asked for here is small; one that is too
/// large is a failed request that is not made again.
pub fn limited(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Limiting(client))
}

#[derive(Debug)]
struct Limiting(SharedHttpClient);

impl HttpClient for Limiting {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Whole(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Whole(SharedHttpConnector);

impl HttpConnector for Whole {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let body = read(answer.take_body()).await?;
            *answer.body_mut() = body;
            Ok(answer)
        })
    }
}

async fn read(body: SdkBody) -> Result<SdkBody, ConnectorError> {
    match Limited::new(body, limit::LARGEST).collect().await {
        // As a stream, which the SDK does not print in its traces.
        Ok(read) => Ok(SdkBody::from_body_1_x(Full::new(read.to_bytes()))),
        Err(error) if limit::is_too_large(error.as_ref()) => Err(ConnectorError::other(error, None)),
        Err(error) => Err(ConnectorError::io(error)),
    }
}

/// Keeps the SDK from trying again where AWS says when it may be asked: the SDK does not know the header, and waits less.
#[derive(Debug, Clone, Copy)]
pub struct LeaveAlone;

impl ClassifyRetry for LeaveAlone {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().and_then(asked_to_wait) {
            Some(_) => RetryAction::RetryForbidden,
            None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "Retry-After"
    }
}

/// What the answer's `Retry-After` says.
pub fn asked_to_wait(answer: &HttpResponse) -> Option<&str> {
    answer.headers().get("retry-after")
}
