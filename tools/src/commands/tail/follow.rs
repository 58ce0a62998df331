//! The loop of `--follow`: read everything new, sleep until the bell, and outlive the plane.

use std::time::{Duration, Instant};

use tickplane_segments::{LifeState, Plane, PlaneStatus};

use super::Rows;
use super::source::Source;
use super::writer::Writer;
use crate::failure::Failure;

/// The longest sleep: how soon the end of a plane, or another one, is noticed.
const LOOK_TIME: Duration = Duration::from_millis(200);
/// The shortest time between two drawings on a terminal.
const DRAW_TIME: Duration = Duration::from_millis(100);

/// What is known of the plane.
enum Life {
    Running,
    /// It is gone; when it is back, its keys are looked for.
    Gone,
    /// It is back, and these sources have not found their keys yet.
    Waiting(Vec<usize>),
}

/// Follows until the output closes or a signal ends the process.
pub(super) fn follow(
    plane: &Plane,
    status: PlaneStatus,
    sources: &mut [Source],
    writer: &mut Writer,
) -> Result<(), Failure> {
    let mut life = Life::Running;
    if !status.alive {
        life = gone(&status, writer)?;
    }
    let mut looked = Instant::now();
    let mut drawn = Instant::now();
    let mut seen = plane.seen();
    loop {
        for source in sources.iter_mut() {
            source.next(writer)?;
        }
        if drawn.elapsed() >= DRAW_TIME {
            for source in sources.iter_mut() {
                source.live(writer)?;
            }
            drawn = Instant::now();
        }
        writer.draw()?;
        if looked.elapsed() >= LOOK_TIME {
            looked = Instant::now();
            life = look(life, plane, sources, writer)?;
        }
        let wait = if writer.shows_live() { DRAW_TIME } else { LOOK_TIME };
        seen = plane.wait(seen, wait);
    }
}

fn gone(status: &PlaneStatus, writer: &mut Writer) -> Result<Life, Failure> {
    match status.state {
        LifeState::Closed => writer.tell("the plane has closed; waiting for the next one")?,
        _ => writer.tell(format_args!("the plane (pid {}) is gone; waiting for the next one", status.pid))?,
    }
    Ok(Life::Gone)
}

fn look(life: Life, plane: &Plane, sources: &mut [Source], writer: &mut Writer) -> Result<Life, Failure> {
    let has_changed = plane.changed();
    if has_changed && plane.reattach().is_ok() && plane.status().alive {
        writer.tell(format_args!("the plane (pid {}) is back", plane.status().pid))?;
        return find(plane, (0..sources.len()).collect(), sources);
    }
    match life {
        Life::Gone => Ok(Life::Gone),
        Life::Running | Life::Waiting(_) if !plane.status().alive => gone(&plane.status(), writer),
        Life::Running => Ok(Life::Running),
        Life::Waiting(missing) => find(plane, missing, sources),
    }
}

/// Gives sources their keys in the new plane, where they are there already.
fn find(plane: &Plane, missing: Vec<usize>, sources: &mut [Source]) -> Result<Life, Failure> {
    let missing: Vec<usize> = missing.into_iter().filter(|at| !sources[*at].reattach(plane)).collect();
    Ok(if missing.is_empty() { Life::Running } else { Life::Waiting(missing) })
}
