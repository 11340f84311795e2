//! A day of refreshing on the schedule that the refresher keeps, without a cluster and without waiting: how often providers
//! are read, how old values get, and what an outage does. See bench/README.md.

mod day;
mod told;

use clap::Parser;
use latchkey::engine::Settings;
use latchkey::engine::budget::Rate;

use day::{Day, World};

/// Plays a day of refreshing by latchkey's own schedule, and says what the providers see of it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many ExternalSecrets there are.
    #[arg(long, default_value_t = 100_000)]
    objects: usize,
    /// How many different remote keys they name.
    #[arg(long, default_value_t = 20_000)]
    keys: usize,
    /// In how many stores the keys are.
    #[arg(long, default_value_t = 50)]
    stores: usize,
    /// How many keys one call reads: 20 at AWS Secrets Manager, 1 elsewhere.
    #[arg(long, default_value_t = 20)]
    batch: usize,
    /// `refreshInterval`, in seconds.
    #[arg(long, default_value_t = 3_600)]
    interval: u64,
    /// How many calls a second the refresher makes of one store, and at once after a rest twice as many.
    #[arg(long, default_value_t = Settings::default().rates.refresh.per_second)]
    rate: f64,
    /// How long no store answers, in seconds, from noon on.
    #[arg(long, default_value_t = 3_600)]
    outage: i64,
}

fn main() {
    let Arguments { objects, keys, stores, batch, interval, rate, outage } = Arguments::parse();
    let rate = Rate { per_second: rate.max(0.01), burst: 2.0 * rate.max(0.5) };
    let (keys, stores) = (keys.clamp(1, objects.max(1)), stores.max(1));
    let world = World { objects, keys, stores, batch, interval, rate };
    println!(
        "A day of {objects} ExternalSecrets on {} keys in {} stores, refreshed every {interval} s; a call reads {batch}.\n",
        world.keys, world.stores
    );
    println!("| | quiet day | {outage} s without an answer from noon on |\n|---|---|---|");
    let days = [0, outage].map(|outage| Day::of(&world, outage).played());
    told::print(&world, &days);
}
