//! A reader of a plane whose files lie: it may refuse them or read nonsense, and must come back.
//!
//! The bytes spell damage to a small valid plane, checksums made right again where they say so, so that the fuzzer does not
//! spend its time on files that the first check refuses.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the tests' files, of which a target uses a part")]

#[path = "../../engine/segments/tests/it/damage.rs"]
mod damage;
#[path = "../../engine/segments/tests/it/fixture.rs"]
mod fixture;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;

thread_local! {
    static PLANE: RefCell<Option<(fixture::Scratch, damage::Patient)>> = const { RefCell::new(None) };
}

fuzz_target!(|spelled: &[u8]| {
    PLANE.with_borrow_mut(|plane| {
        let (scratch, patient) = plane.get_or_insert_with(|| {
            let scratch = fixture::Scratch::new("fuzz");
            damage::make(&scratch);
            let patient = damage::Patient::new(&scratch);
            (scratch, patient)
        });
        patient.damage(spelled);
        damage::read_everything(scratch);
        patient.heal();
    });
});
