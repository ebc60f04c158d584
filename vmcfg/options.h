/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of those settings that are property strings, other than hostpciN and machine
 * (qemu-server 9.2, PVE/QemuServer.pm and its modules), for vmcfg/propstr.h. Nobody needs their
 * values here: they are there so that the lines which Proxmox VE drops are known. Pure.
 */
#ifndef VMCFG_OPTIONS_H
#define VMCFG_OPTIONS_H

#include "vmcfg/propstr.h"

extern const struct propstr_format options_agent;
extern const struct propstr_format options_amd_sev;
extern const struct propstr_format options_audio;
extern const struct propstr_format options_boot;
extern const struct propstr_format options_cicustom;
extern const struct propstr_format options_cpu;
extern const struct propstr_format options_efidisk;
extern const struct propstr_format options_ide;
extern const struct propstr_format options_intel_tdx;
extern const struct propstr_format options_ipconfig;
extern const struct propstr_format options_ivshmem;
extern const struct propstr_format options_memory;
extern const struct propstr_format options_meta;
extern const struct propstr_format options_net;
extern const struct propstr_format options_numa;
extern const struct propstr_format options_rng;
extern const struct propstr_format options_sata;
extern const struct propstr_format options_scsi;
extern const struct propstr_format options_smbios;
extern const struct propstr_format options_spice;
extern const struct propstr_format options_tpmstate;
extern const struct propstr_format options_unused;
extern const struct propstr_format options_usb;
extern const struct propstr_format options_vga;
extern const struct propstr_format options_virtio;
extern const struct propstr_format options_virtiofs;
extern const struct propstr_format options_watchdog;

#endif
